/** The forecast of the example region: 53 lycées, 15,000 PCs, a new image and a package for all of them. */
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { type ForecastInput, forecast } from '../../reconciler/forecast.ts'
import { lowerBound } from '../../reconciler/forecast-bound.ts'
import type { KnownImage } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import { compile } from '../../specs/compile.ts'
import type { Desired } from '../../specs/desired.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { planInput } from './sample-park.ts'

const files = await readFolder(fileURLToPath(new URL('../../examples/franche-comte/', import.meta.url)))
const changed = new Map(files)
const edit = (path: string, from: string, to: string): void => {
  const text = new TextDecoder().decode(files.get(path))
  changed.set(path, new TextEncoder().encode(text.replace(from, to)))
}
edit('roles/poste.yaml', '@2026.09', '@2027.01')
edit('roles/atelier-cao.yaml', '@2026.09', '@2027.01')
edit('roles/poste-eleve.yaml', 'minetest: absent', 'minetest: absent\n  librecad: present')

function desiredOf(park: typeof files): Desired {
  const { desired } = compile(park)
  if (desired === undefined) throw new Error('the region is broken')
  return desired
}

const image: KnownImage = { usedBytes: 9e9, storedBytes: 5e9, deltaBytes: () => 1.5e9 }

function input(): ForecastInput {
  const [base, desired] = [desiredOf(files), desiredOf(changed)]
  const manifests = [...desired.machines.values()].flatMap(({ profile }) => profile.disk?.manifest ?? [])
  const images = new Map(manifests.map((manifest) => [manifest, image]))
  const { inventory, history, ...rest } = planInput(desired, [], { images })
  return { desired, base, inventory, history, images, plan: plan({ inventory, history, ...rest }) }
}

const region = input()
const ahead = forecast(region)

test('every PC of the region is in one wave, or told to be out of reach', (t) => {
  const reckoned = ahead?.waves.reduce((sum, { machines }) => sum + machines, 0) ?? 0
  const left = ahead?.left.flatMap(({ machines }) => machines) ?? []
  t.is(reckoned + left.length, 15_000)
  t.deepEqual(ahead?.misfits, [])
  t.deepEqual(
    ahead?.waves.map(({ wave }) => wave),
    [1, 2, 3, 4],
  )
})

test('each wave of the region opens after the one before was met and has soaked', (t) => {
  const soaks = [3, 2, 2]
  for (const [index, wave] of (ahead?.waves ?? []).entries()) {
    const before = ahead?.waves[index - 1]
    if (before !== undefined)
      t.is(wave.opensAt, (before.metAt ?? 0) + (soaks[index - 1] ?? 0) * 3_600_000, `wave ${wave.wave}`)
  }
})

test('each lycée gets a new image version over its uplink once', (t) => {
  const uplink = ahead?.waves.reduce((sum, { uplinkBytes }) => sum + uplinkBytes, 0)
  const withWorkshops = new Set(
    [...region.desired.machines.values()]
      .filter(({ profile }) => profile.disk?.name === 'debian-cao')
      .map(({ site }) => site),
  )
  t.is(uplink, (53 + withWorkshops.size) * 1.5e9)
})

test('the region’s forecast ends after its lower bound, in which the lycée with the narrowest network is slowest', (t) => {
  const bound = lowerBound(region)
  t.true((ahead?.end ?? 0) >= (bound?.end ?? Number.POSITIVE_INFINITY))
  t.is(bound?.lycees.length, 53)
  // 300 Mbit/s inside: 196 disks of 1.5 GB are more than two hours.
  const slowest = bound?.lycees.toSorted((a, b) => b.lanMs - a.lanMs)[0]
  t.is(slowest?.lycee as string, 'courbet-ornans')
  t.is(slowest?.lanMs, (196 * 1.5e9 * 8 * 1000) / 3e8)
})
