/** Which looks are no news: a region's PCs are looked at all day, and most looks find what the one before had found. */
import test from 'ava'
import { isSameLook } from '../../reconciler/loop/same-look.ts'
import type { ScriptName } from '../../reconciler/model/ids.ts'
import type { Facts, Observed } from '../../reconciler/model/observed.ts'
import { say } from '../../specs/text.ts'
import { digest, facts, machineId, observed } from '../conformance/samples.ts'

const look = (changes: Partial<Facts> = {}, more: Partial<Observed> = {}): Observed =>
  observed(machineId(1), { facts: facts(changes), ...more })

/** What is read anew is equal, and never the same object. */
const anew = (of: Observed): Observed => structuredClone(of)

test('what each look finds different is no news: its time, the clock, the free space', (t) => {
  const before = look()
  const { at, clockSkewMs, hardware } = facts()
  const later = look({
    at: at + 300_000,
    clockSkewMs: clockSkewMs + 7,
    hardware: { ...hardware, rootFreeBytes: hardware.rootFreeBytes - 4096 },
  })
  t.true(isSameLook(anew(later), before))
  const off = look({}, { reach: 'off' })
  t.true(isSameLook({ ...anew(off), observedAt: off.observedAt + 60_000 }, off))
})

const news: readonly (readonly [string, Observed])[] = [
  ['it was switched off', look({}, { reach: 'off' })],
  ['it has started again', look({ bootId: 'boot-2' })],
  ['somebody logged out', look({ sessions: [] })],
  ['nobody can log in', look({ loginsClosed: true })],
  ['it asks for a restart', look({ rebootPending: true })],
  ['a package was installed', look({ packages: { ...packagesOf(), digest: digest(78) } })],
  ['a package is held no longer', look({ packages: { ...packagesOf(), held: new Set() } })],
  [
    'its package manager knows a newer version',
    look({ packages: { ...packagesOf(), candidates: new Map() } }),
  ],
  ['a script was run', look({ scripts: new Map([['proxy' as ScriptName, {}]]) })],
  ['it was renamed', look({ identity: { hostname: 'b204-99', authorizedKeys: ['ssh-ed25519 AAAA'] } })],
  ['it is another model', look({ hardware: { ...facts().hardware, model: 'OptiPlex 3080' } })],
  ['its packages could not be read', look({}, { errors: [{ code: 'x', message: say('x', 'x') }] })],
  ['its disk was read', look({}, { disk: { at: 1, by: 'imager', disks: [] } })],
]

for (const [what, seen] of news)
  test(`it is news that ${what}`, (t) => {
    t.false(isSameLook(seen, look()))
    t.false(isSameLook(look(), seen))
  })

function packagesOf(): NonNullable<Facts['packages']> {
  const { packages } = facts()
  if (packages === undefined) throw new Error('the sample has no packages')
  return packages
}
