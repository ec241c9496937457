/**
 * File systems as a lycée's PCs have them, made once and kept in `.lab/bench`: a Debian, files that do not compress (photographs,
 * films, archives), text, and in the free space what deleted files left behind. ext4 and NTFS hold the same files.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createRandom } from '../../../providers/simulated/random.ts'
import type { Random } from '../../../reconciler/ports.ts'
import { hostMirrors } from '../../lab/base.ts'
import { must } from '../../lab/command.ts'

export type FileSystem = 'ext4' | 'ntfs'

export type Sample = {
  readonly name: string
  readonly imageMiB: number
  /** Debian packages besides the essential ones. */
  readonly packages: readonly string[]
  readonly noiseMiB: number
  readonly textMiB: number
  /** Of deleted files. */
  readonly garbageMiB: number
}

const office = [
  'linux-image-amd64',
  'firefox-esr',
  'libreoffice-writer',
  'libreoffice-calc',
  'gimp',
  'openjdk-17-jre-headless',
  'python3',
  'fonts-dejavu',
]

/** What the figures are about, and smaller ones for links that would take hours with it. */
export const samples = {
  large: { name: 'large', imageMiB: 4096, packages: office, noiseMiB: 600, textMiB: 400, garbageMiB: 700 },
  medium: { name: 'medium', imageMiB: 1536, packages: [], noiseMiB: 350, textMiB: 400, garbageMiB: 150 },
  wide: { name: 'wide', imageMiB: 65_536, packages: [], noiseMiB: 200, textMiB: 100, garbageMiB: 0 },
  small: { name: 'small', imageMiB: 512, packages: [], noiseMiB: 30, textMiB: 60, garbageMiB: 50 },
} as const satisfies Readonly<Record<string, Sample>>

const folder = join(import.meta.dirname, '../../../.lab/bench')
const suite = 'bookworm'
const mebibyte = 2 ** 20

/** The file of a partition; it is made now if it is not there. */
export async function sampleImage(
  sample: Sample,
  fileSystem: FileSystem,
  tell: (line: string) => void,
): Promise<string> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([sample, suite, 2]))
    .digest('hex')
    .slice(0, 12)
  const image = join(folder, `${sample.name}-${recipe}.${fileSystem}`)
  if (existsSync(image)) return image
  await mkdir(folder, { recursive: true })
  const tree = await debianTree(sample.packages, tell)
  tell(`  making the ${sample.name} ${fileSystem} image, once`)
  const draft = `${image}.draft`
  const mounted = `${image}.mount`
  await rm(draft, { force: true })
  // A large one takes room only where something is.
  const isSparse = sample.imageMiB > 8192
  const allocate = isSparse ? ['truncate', '-s'] : ['fallocate', '-l']
  await must('/usr/bin/env', [...allocate, String(sample.imageMiB * mebibyte), draft])
  await must('/bin/sh', ['-c', formats[fileSystem], 'make', draft, isSparse ? '1' : '0'], {
    timeoutMs: 120_000,
  })
  await mkdir(mounted, { recursive: true })
  await must('/bin/sh', ['-c', mounts[fileSystem], 'mount', draft, mounted])
  try {
    await fill(sample, mounted, tree)
  } finally {
    await must('umount', [mounted], { timeoutMs: 300_000 })
  }
  await rm(mounted, { recursive: true })
  await must('sync', [draft], { timeoutMs: 300_000 })
  await rename(draft, image)
  return image
}

const formats: Readonly<Record<FileSystem, string>> = {
  ext4: 'mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=$2,lazy_journal_init=$2,nodiscard "$1"',
  ntfs: 'mkntfs -q -F -Q -s 512 -p 2048 -H 255 -S 63 "$1"',
}

const mounts: Readonly<Record<FileSystem, string>> = {
  ext4: 'mount -t ext4 -o loop,noinit_itable "$1" "$2"',
  ntfs: 'ntfs-3g -o big_writes "$1" "$2"',
}

/** Some of the garbage lies before the files and some behind, as on a disk that was used for a while. */
async function fill(sample: Sample, root: string, tree: string): Promise<void> {
  const random = createRandom(4)
  const before = Math.floor(sample.garbageMiB / 2)
  await writeFiles(random, join(root, 'old'), before, noise)
  await must('/bin/sh', ['-c', 'tar -C "$1" --exclude=./dev -c . | tar -C "$2" -x', 'copy', tree, root], {
    timeoutMs: 1_200_000,
  })
  await writeFiles(random, join(root, 'home/photos'), sample.noiseMiB, noise)
  await rm(join(root, 'old'), { recursive: true })
  await writeFiles(random, join(root, 'home/texts'), sample.textMiB, text)
  await writeFiles(random, join(root, 'newer'), sample.garbageMiB - before, noise)
  await must('sync', ['-f', root], { timeoutMs: 300_000 })
  await rm(join(root, 'newer'), { recursive: true })
}

/** Files of one to eight MiB. */
async function writeFiles(
  random: Random,
  into: string,
  totalMiB: number,
  content: (random: Random) => Uint8Array,
): Promise<void> {
  await mkdir(into, { recursive: true })
  for (let left = totalMiB, index = 0; left > 0; index += 1) {
    const size = Math.min(left, 1 + Math.floor(random() * 8))
    const file = await open(join(into, `file-${index}`), 'w')
    for (let part = 0; part < size; part += 1) await file.write(content(random))
    await file.close()
    left -= size
  }
}

const noise = (random: Random): Uint8Array => {
  const words = new Uint32Array(mebibyte / 4)
  for (let at = 0; at < words.length; at += 1) words[at] = random() * 2 ** 32
  return new Uint8Array(words.buffer)
}

const vocabulary =
  'le la les un une des de du et est sont dans pour avec par sur lycée élève classe devoir exercice texte analyse histoire équation fonction graphique résultat hypothèse expérience énergie révolution république auteur poème chapitre conclusion paragraphe citation'.split(
    ' ',
  )

/** As compressible as prose is: about a third is left. */
const text = (random: Random): Uint8Array => {
  const bytes = Buffer.alloc(mebibyte, 0x0a)
  for (let at = 0; at < bytes.length - 40; ) {
    const word = vocabulary[Math.floor(random() * vocabulary.length)] ?? ''
    const ending = random() < 0.1 ? `${String.fromCharCode(97 + Math.floor(random() * 26))}. ` : ' '
    at += bytes.write(`${word}${ending}`, at)
  }
  return bytes
}

async function debianTree(packages: readonly string[], tell: (line: string) => void): Promise<string> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([packages, suite]))
    .digest('hex')
    .slice(0, 12)
  const tree = join(folder, `debian-${recipe}`)
  if (existsSync(tree)) return tree
  tell('  making a Debian for the images, once')
  const draft = `${tree}.draft`
  await rm(draft, { recursive: true, force: true })
  const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`]
  await must(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=apt',
      '--format=directory',
      ...include,
      suite,
      draft,
      ...(await hostMirrors()),
    ],
    { timeoutMs: 1_800_000 },
  )
  await rename(draft, tree)
  return tree
}
