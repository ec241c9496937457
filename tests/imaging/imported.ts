/** Imports with everything that a test does not care about filled in. */
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type ImageStore, openFolderStore } from '../../imaging/folder-store.ts'
import { type Imported, importImage } from '../../imaging/import/import-image.ts'
import type { ImportRequest } from '../../imaging/import/import-request.ts'
import type { Result } from '../../imaging/refusal.ts'
import { createSigningKey } from '../../imaging/signature.ts'
import { folderFor } from './disks.ts'

export const parkKey = createSigningKey()

export const newStore = async (t: ExecutionContext): Promise<ImageStore> =>
  openFolderStore(join(await folderFor(t), 'images'))

export const request = async (
  t: ExecutionContext,
  some: Partial<ImportRequest> = {},
): Promise<ImportRequest> => ({
  name: 'debian-edu',
  version: '2026.09',
  singles: [],
  from: [],
  replace: false,
  createdAt: '2026-09-01T06:00:00Z',
  source: 'test',
  scratch: await folderFor(t),
  privateKeyPem: parkKey.privateKeyPem,
  onNote: () => {},
  onProgress: () => {},
  ...some,
})

export const importInto = async (
  t: ExecutionContext,
  store: ImageStore,
  some: Partial<ImportRequest>,
): Promise<Result<Imported>> => importImage(store, await request(t, some))

/** An import that must succeed. */
export const imported = async (
  t: ExecutionContext,
  store: ImageStore,
  some: Partial<ImportRequest>,
): Promise<Imported> => {
  const result = await importInto(t, store, some)
  if (!result.ok) throw new Error(`${result.code}: ${result.message.en} ${result.detail ?? ''}`)
  return result.value
}
