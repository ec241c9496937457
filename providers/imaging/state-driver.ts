import { parseDiskState } from '../../imaging/state.ts'
import type { FacetDriver, Reading, Sections } from '../ssh/facet-driver.ts'
import { diskBySystem } from './observed-disk.ts'

/** Where the imager leaves its record in a Linux system. */
export const statePath = '/var/lib/proviseur/disk.json'

/** Reads, from a PC's running system, what the imager left behind: which image its disk has. Changes nothing: the imager does. */
export const stateDriver: FacetDriver = {
  name: 'disk',
  makes: () => false,
  // Not readable and not there are told apart: a disk without a record is not ours.
  probes: () => [{ name: 'state', sh: `[ ! -e ${statePath} ] || cat ${statePath}` }],
  read,
  steps: () => [],
}

function read(sections: Sections): Reading {
  const section = sections.get('state')
  if (section === undefined || section.exitCode !== 0) return { facts: {}, errors: [] }
  const text = section.text.trim()
  const parsed = text === '' ? undefined : parseDiskState(text)
  const state = parsed?.ok === true ? parsed.value : undefined
  return { facts: {}, disk: diskBySystem(state, section.begunAt), errors: [] }
}
