/** Which file of a store a path under `/store/` means. Only names that are read as digests and labels get into a path: nothing climbs out of it. */
import {
  type ChunkListDigest,
  type ChunkName,
  isChunkListDigest,
  isChunkName,
  isManifestDigest,
  isUsedMapDigest,
  type UsedMapDigest,
} from '../../imaging/digest.ts'
import {
  chunkPath,
  listPath,
  manifestPath,
  mapPath,
  parseImageLabel,
  pointerPath,
  signaturePath,
} from '../../imaging/store-paths.ts'

export type StoreFile = {
  /** Relative to the store's folder. */
  readonly path: string
  readonly type: string
  /** What it is named by is what it holds: it never changes. Undefined: it may. */
  readonly digest?: string
  readonly part:
    | { readonly kind: 'chunk'; readonly name: ChunkName }
    | { readonly kind: 'list'; readonly digest: ChunkListDigest }
    | { readonly kind: 'map'; readonly digest: UsedMapDigest }
    | { readonly kind: 'text' }
}

const octets = 'application/octet-stream'

/** `rest`: what follows `/store/` in the decoded path. */
export function storeFile(rest: string): StoreFile | undefined {
  const [folder, first = '', second, ...more] = rest.split('/')
  if (more.length > 0) return undefined
  if (folder === 'chunks') {
    const name = second?.endsWith('.zst') === true ? second.slice(0, -'.zst'.length) : undefined
    if (!isChunkName(name) || !name.startsWith(first) || first.length !== 2) return undefined
    return { path: chunkPath(name), type: octets, digest: name, part: { kind: 'chunk', name } }
  }
  if (second !== undefined) return undefined
  switch (folder) {
    case 'lists':
      return isChunkListDigest(first)
        ? { path: listPath(first), type: octets, digest: first, part: { kind: 'list', digest: first } }
        : undefined
    case 'maps':
      return isUsedMapDigest(first)
        ? { path: mapPath(first), type: octets, digest: first, part: { kind: 'map', digest: first } }
        : undefined
    case 'manifests':
      return manifestFile(first)
    case 'names': {
      const label = parseImageLabel(first)?.label
      return label === undefined
        ? undefined
        : { path: pointerPath(label), type: 'text/plain; charset=utf-8', part: { kind: 'text' } }
    }
    default:
      return undefined
  }
}

function manifestFile(name: string): StoreFile | undefined {
  const [digest, ending, ...more] = name.split('.')
  if (!isManifestDigest(digest) || more.length > 0) return undefined
  if (ending === 'json') {
    return { path: manifestPath(digest), type: 'application/json', digest, part: { kind: 'text' } }
  }
  // Ed25519 signs the same bytes the same way, but the park's key may be renewed.
  return ending === 'sig'
    ? { path: signaturePath(digest), type: 'text/plain; charset=utf-8', part: { kind: 'text' } }
    : undefined
}
