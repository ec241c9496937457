import test from 'ava'
import { withoutOldSystem } from '../../reconciler/disk-record.ts'
import { facts, imager, now, observedDisk, off, up, wantedDisk } from './sample-park.ts'

const id = 'hugo/b204-01'
const minute = 60_000
const before = up(id, facts({ at: now - 9 * minute }), {
  disk: observedDisk(wantedDisk(), now - 60 * minute),
})
const written = observedDisk(wantedDisk(), now - 2 * minute)

test('what was read before the disk was made anew is no fact any more', (t) => {
  for (const seen of [
    off(id, before.facts, { disk: written }),
    imager(id, written, { facts: facts({ at: now - 9 * minute }) }),
    imager(id, observedDisk(), { facts: facts({ at: now - 9 * minute }) }),
  ])
    t.deepEqual(withoutOldSystem(seen, before), { ...withoutFacts(seen) })
})

test('what the new system itself told is kept, and so is what is of the same making of the disk', (t) => {
  const fresh = up(id, facts({ at: now }), { disk: written })
  t.is(withoutOldSystem(fresh, before), fresh)
  const same = off(id, before.facts, { disk: observedDisk(wantedDisk(), now - 60 * minute) })
  t.is(withoutOldSystem(same, before), same)
})

test('a look that knows nothing of the disk says nothing against the facts', (t) => {
  const seen = off(id, before.facts)
  t.is(withoutOldSystem(seen, before), seen)
  const first = up(id, facts(), { disk: written })
  t.is(withoutOldSystem(first, undefined), first)
  t.is(withoutOldSystem(first, up(id, facts())), first)
})

const withoutFacts = <Seen extends object>({ facts: _, ...rest }: Seen & { facts?: unknown }) => rest
