/** What every look at a PC reads, whatever its spec wants. */
import { readFileSync } from 'node:fs'
import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'
import type { FacetDriver, ObserveRequest, Reading, Sections } from '../ssh/facet-driver.ts'
import { parseBase, parseOsRelease } from './base-facts.ts'
import { parseSessions } from './sessions.ts'

const shellFile = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const base = shellFile('./base.sh')
const sessions = shellFile('./sessions.sh')
const occupants = shellFile('./occupants.sh')

export const inventoryDriver: FacetDriver = {
  name: 'inventory',
  makes: () => false,
  probes: () => [
    { name: 'base', sh: base },
    { name: 'os-release', sh: 'cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release' },
    { name: 'sessions', sh: sessions },
  ],
  read: readInventory,
  occupants: `sessions() {\n${sessions}\n}\n${occupants}`,
  steps: () => [],
}

function readInventory(section: Sections, { machine }: ObserveRequest): Reading {
  const baseSection = section.get('base')
  const facts = baseSection === undefined ? undefined : parseBase(baseSection.text, baseSection.begunAt)
  const open = parseSessions(section.get('sessions')?.text ?? '')
  if (facts === undefined || open === undefined) {
    return { facts: {}, errors: [unreadable(machine.id, baseSection?.text ?? '')] }
  }
  const { kernel, arch, ...rest } = facts
  const release = parseOsRelease(section.get('os-release')?.text ?? '')
  return { facts: { ...rest, sessions: open, os: { ...release, kernel, arch } }, errors: [] }
}

const unreadable = (machine: string, detail: string): Reason => ({
  code: 'inventory-unreadable',
  message: say(
    `${machine} let us in, but does not say what it is: /proc or /sys is missing there, or its answer was cut off.`,
    `${machine} nous a laissés entrer, mais ne dit pas ce qu’il est\u00a0: /proc ou /sys y manque, ou sa réponse a été tronquée.`,
  ),
  detail: detail.slice(-2000),
})
