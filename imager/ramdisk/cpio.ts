/**
 * A ramdisk's archive: cpio in the "newc" form, the one that the Linux kernel reads (its
 * Documentation/driver-api/early-userspace/buffer-format.rst). All belongs to root, and neither inode numbers nor times come from the
 * disk: equal contents make equal bytes.
 */

export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'device'
      readonly path: string
      readonly mode: number
      readonly major: number
      readonly minor: number
    }

const typeBits = { file: 0o100000, folder: 0o040000, link: 0o120000, device: 0o020000 } as const

/** Paths are relative, without `.` or `..`. Folders that entries lie in are made (0755) where no entry makes them. */
export function packCpio(entries: readonly Entry[]): Buffer {
  const sorted = [...withFolders(entries).values()].sort((a, b) =>
    Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
  )
  const pieces = sorted.flatMap((entry, index) => record(entry, index + 1))
  return Buffer.concat([
    ...pieces,
    ...record({ kind: 'file', path: 'TRAILER!!!', mode: 0, bytes: nothing }, 0),
  ])
}

/** The last entry of a path counts. */
function withFolders(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const all = new Map<string, Entry>()
  for (const entry of entries) {
    for (let end = entry.path.indexOf('/'); end >= 0; end = entry.path.indexOf('/', end + 1)) {
      const path = entry.path.slice(0, end)
      if (!all.has(path)) all.set(path, { kind: 'folder', path, mode: 0o755 })
    }
    all.set(entry.path, entry)
  }
  return all
}

const nothing = new Uint8Array()

function record(entry: Entry, inode: number): readonly Uint8Array[] {
  const name = Buffer.from(`${entry.path}\0`)
  const data = contents(entry)
  const type = entry.path === 'TRAILER!!!' ? 0 : typeBits[entry.kind]
  const mode = entry.kind === 'link' ? 0o777 : entry.mode
  const [major, minor] = entry.kind === 'device' ? [entry.major, entry.minor] : [0, 0]
  const links = entry.kind === 'folder' ? 2 : 1
  // inode, mode, uid, gid, links, mtime, size, device (2), device that it is (2), length of the name, checksum
  const fields = [inode, type | mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return [header, name, padding(header.length + name.length), data, padding(data.length)]
}

const contents = (entry: Entry): Uint8Array => {
  switch (entry.kind) {
    case 'file':
      return entry.bytes
    case 'link':
      return Buffer.from(entry.target)
    case 'folder':
    case 'device':
      return nothing
  }
}

const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4)
