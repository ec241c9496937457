/** The image versions that must stay although they may have no name any more: those of the PCs' disks, and those that the specs want, wanted before or are about to want. */
import type { ManifestDigest } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Place } from '../place.ts'
import { readOnce } from '../sources/open.ts'
import { openStoreIfThere } from '../state.ts'
import { statesInForce } from './states-in-force.ts'

/** Of those, what the image store has: a PC may well have a version whose contents were removed long ago. */
export const neededImages = async (place: Place, images: ImageStore): Promise<readonly ManifestDigest[]> => {
  const needed = new Set(await inStore(place))
  // Not yet the target: `up` has not seen it, or is not running. A park with errors wants nothing of its own.
  const newest = await readOnce(place, undefined)
  if (newest.ok && newest.value.desired !== undefined) add(needed, newest.value.desired)
  const stored = await images.manifests()
  return stored.filter((digest) => needed.has(digest))
}

const inStore = async (place: Place): Promise<ReadonlySet<string>> => {
  const needed = new Set<string>()
  const store = await openStoreIfThere(place)
  if (store === undefined) return needed
  try {
    for (const { disk } of (await store.inventory()).values())
      if (disk?.state !== undefined) needed.add(disk.state.manifest.replace(/^sha256:/u, ''))
    for (const desired of await statesInForce(store, { back: true })) add(needed, desired)
    return needed
  } finally {
    await store.close()
  }
}

const add = (needed: Set<string>, { machines }: Desired): void => {
  for (const { profile } of machines.values()) {
    const manifest = profile.disk?.manifest
    if (manifest !== undefined) needed.add(manifest.replace(/^sha256:/u, ''))
  }
}
