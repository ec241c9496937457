import type { SourceDocument, SourceNode } from './source-document.ts'
import type { Place } from './source-text.ts'

/** Keys and indexes from the root of a document, as zod gives them. */
export type SourcePath = readonly PropertyKey[]

/** What stands at a path, or the nearest that does. */
export type Located = {
  readonly node: SourceNode
  /** Where the key stands that leads to the node; for list items and the root: the node itself. */
  readonly keyAt: number
  /** False: nothing stands at the path; `node` is the deepest part of it that does. */
  readonly found: boolean
  /** Of a path that was not found: a value stood there and was refused already. */
  readonly refused: boolean
}

export function locate(root: SourceNode, path: SourcePath): Located {
  let node = root
  let keyAt = root.at
  for (const key of path) {
    if (node.kind === 'map') {
      const entry = node.entries.get(String(key))
      if (!entry) return { node, keyAt, found: false, refused: node.refused.has(String(key)) }
      node = entry.node
      keyAt = entry.at
    } else {
      const item = node.kind === 'list' ? node.items[Number(key)] : undefined
      if (!item) return { node, keyAt, found: false, refused: false }
      node = item
      keyAt = item.at
    }
  }
  return { node, keyAt, found: true, refused: false }
}

/** The value at a path, or the nearest that stands there. */
export const placeAt = (document: SourceDocument, path: SourcePath): Place => ({
  source: document.source,
  at: locate(document.root, path).node.at,
})

/** The key at a path. */
export const placeOfKey = (document: SourceDocument, path: SourcePath): Place => ({
  source: document.source,
  at: locate(document.root, path).keyAt,
})

export type PlainValue = string | PlainValue[] | PlainMap
export type PlainMap = { [key: string]: PlainValue }

/** The bare values, for the schemas. */
export function plainValue(node: SourceNode): PlainValue {
  switch (node.kind) {
    case 'scalar':
      return node.text
    case 'list':
      return node.items.map(plainValue)
    case 'map': {
      const plain: PlainMap = {}
      for (const [key, { node: value }] of node.entries) plain[key] = plainValue(value)
      return plain
    }
  }
}
