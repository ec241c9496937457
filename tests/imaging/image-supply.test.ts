import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../cli/clock.ts'
import { createImageSupply, type SupplyParts } from '../../cli/site/image-supply.ts'
import { createSigningKey } from '../../imaging/signature.ts'
import { chunkPath } from '../../imaging/store-paths.ts'
import { isComplete } from '../../providers/imaging/pull.ts'
import type { Route } from '../../providers/imaging/route.ts'
import { storeRoutes } from '../../providers/imaging/store-routes.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import { emptyStore, type MadeImage, makeImage } from './made-image.ts'
import { serve } from './served.ts'

/** A supply whose changes can be waited for. */
async function supplying(t: ExecutionContext, image: MadeImage, some: Partial<SupplyParts> = {}) {
  const store = await emptyStore(t)
  const told: Reason[] = []
  let heard: () => void = () => {}
  const supply = createImageSupply({
    store,
    clock: systemClock,
    parkKey: image.key.publicKeyPem,
    origin: undefined,
    trouble: (reason) => told.push(reason),
    changed: () => heard(),
    recheckMs: 5,
    ...some,
  })
  t.teardown(() => supply.stop())
  const follow = (...images: readonly MadeImage[]) =>
    supply.follow({
      images: new Map(images.map(({ digest, label }) => [digest, label])),
      bitsPerSecond: undefined,
    })
  const code = () => supply.awaited().get(image.digest)?.code
  const once = async (isSo: () => boolean | Promise<boolean>) => {
    for (;;) {
      const change = new Promise<void>((resolve) => {
        heard = resolve
      })
      if (await isSo()) return
      await change
    }
  }
  const until = (wanted: string | undefined) => once(() => code() === wanted)
  return { store, supply, follow, told, once, until }
}

test('a wanted image is fetched ahead; until all of it is here it is awaited', async (t) => {
  const image = await makeImage(t, { chunks: 12 })
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const held: Route = async (request) => {
    if (request.method === 'POST') await gate
    return false
  }
  const { baseUrl } = await serve(t, [held, storeRoutes({ store: image.store })])
  const { store, supply, follow, told, until } = await supplying(t, image, { origin: baseUrl })
  t.is(supply.awaited().size, 0)
  follow(image)
  await until('image-coming')
  t.deepEqual(await store.manifests(), [])
  open()
  await until(undefined)
  t.true(await isComplete(store, image.digest))
  t.is(await store.pointer(image.label), image.digest)
  t.deepEqual(told, [])
})

test('without an origin a missing image is said to be missing, and found once somebody has brought it', async (t) => {
  const image = await makeImage(t, { chunks: 3 })
  const { store, follow, until } = await supplying(t, image)
  follow(image)
  await until('image-not-here')
  const [first] = image.names
  if (first === undefined) throw new Error('no chunk')
  const hidden = join(image.store.folder, 'hidden')
  await rename(join(image.store.folder, chunkPath(first)), hidden)
  await cp(image.store.folder, store.folder, { recursive: true })
  t.false(await isComplete(store, image.digest))
  await cp(hidden, join(store.folder, chunkPath(first)))
  await until(undefined)
  // Taken away again, by whatever: it is noticed.
  await rm(join(store.folder, 'manifests'), { recursive: true })
  await until('image-not-here')
})

test('what the origin signs with another key is refused, told once, and nothing is stored', async (t) => {
  const image = await makeImage(t, { chunks: 3 })
  const { baseUrl } = await serve(t, [storeRoutes({ store: image.store })])
  const { store, supply, follow, told, until } = await supplying(t, image, {
    origin: baseUrl,
    parkKey: createSigningKey().publicKeyPem,
  })
  follow(image)
  await until('image-not-fetched')
  t.regex(supply.awaited().get(image.digest)?.message.fr ?? '', /n’est pas signé par la clé de ce parc/)
  t.deepEqual(
    told.map(({ code }) => code),
    ['image-not-fetched'],
  )
  t.deepEqual(await store.manifests(), [])
  t.is((await store.missingChunks(image.names)).length, 3)
})

test('a version that is wanted no longer is given up in mid-transfer for the one that is', async (t) => {
  const image = await makeImage(t, { chunks: 4 })
  const next = await makeImage(t, { seed: 2, chunks: 4, version: '2026.10', key: image.key })
  await cp(next.store.folder, image.store.folder, { recursive: true })
  const asked = Promise.withResolvers<void>()
  let batches = 0
  const stuck: Route = async (request) => {
    if (request.method !== 'POST' || ++batches > 1) return false
    // The first version's batch is never answered.
    asked.resolve()
    return new Promise<boolean>(() => {})
  }
  const { baseUrl } = await serve(t, [stuck, storeRoutes({ store: image.store })])
  const { store, follow, once, until } = await supplying(t, image, { origin: baseUrl })
  follow(image)
  await until('image-coming')
  await asked.promise
  follow(next)
  await once(() => isComplete(store, next.digest))
  t.is(await store.pointer(image.label), undefined)
})
