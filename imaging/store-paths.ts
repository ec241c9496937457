/** Where things are in a store, relative to its folder or to `/store/` on a server. */
import type { ChunkListDigest, ChunkName, ManifestDigest, UsedMapDigest } from './digest.ts'

export const chunkPath = (name: ChunkName): string => `chunks/${name.slice(0, 2)}/${name}.zst`
export const listPath = (digest: ChunkListDigest): string => `lists/${digest}`
export const mapPath = (digest: UsedMapDigest): string => `maps/${digest}`
export const manifestPath = (digest: ManifestDigest): string => `manifests/${digest}.json`
export const signaturePath = (digest: ManifestDigest): string => `manifests/${digest}.sig`
/** Text: the manifest's digest. */
export const pointerPath = (label: ImageLabel): string => `names/${label}`

declare const brand: unique symbol
/** `name@version`, both safe as a part of a path. */
export type ImageLabel = string & { readonly [brand]: 'image-label' }

/** As the specs have them (specs/schema/name.ts, version.ts): a DNS label, and a word that can stand in a path. */
export const isImageName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u.test(text)
export const isImageVersion = (text: string): boolean => /^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$/u.test(text)

/** Undefined: not `name@version`. */
export const parseImageLabel = (
  text: string,
): { readonly label: ImageLabel; readonly name: string; readonly version: string } | undefined => {
  const [name = '', version = '', ...rest] = text.split('@')
  return rest.length === 0 && isImageName(name) && isImageVersion(version)
    ? { label: text as ImageLabel, name, version }
    : undefined
}
