/**
 * The root file system that all PCs of all labs share, read-only: a Debian made by mmdebstrap, some 150 MB and half a
 * minute, kept in `.lab/base/<digest of the recipe>` for the next time; one with further packages beside it, under a name that
 * tells them.
 */

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { arch } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say, type Text } from '../../specs/text.ts'
import { must, run } from './command.ts'

/** The same on every host, so that tests see the same PCs everywhere. */
const SUITE = 'bookworm'
const PACKAGES = ['openssh-server', 'iproute2', 'procps', 'iputils-ping']
const optionsFor = (extra: readonly string[]): readonly string[] => [
  '--mode=root',
  '--variant=minbase',
  '--format=directory',
  '--aptopt=APT::Install-Recommends "false"',
  '--aptopt=Acquire::Languages "none"',
  ...['man', 'doc', 'info', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
  `--include=${[...PACKAGES, ...extra].join(',')}`,
]

const PC_FILES = fileURLToPath(new URL('pc/', import.meta.url))
const CACHE = fileURLToPath(new URL('../../.lab/base/', import.meta.url))

/**
 * The base's folder, made now if this recipe's is not there. Several processes may ask at once: one makes it.
 * `extra`: Debian packages that it has besides those of every lab.
 */
export async function debianBase(
  tell: (text: Text) => void = () => undefined,
  extra: readonly string[] = [],
): Promise<string> {
  const variant = extra.map((name) => `+${name}`).join('')
  const options = optionsFor(extra)
  const root = join(CACHE, `${await recipeDigest(options)}${variant}`)
  if (existsSync(root)) return root
  await mkdir(CACHE, { recursive: true })
  tell(
    say(
      'Making the Debian that the PCs share (half a minute, the first time only)',
      'Création du système Debian commun aux postes (une demi-minute, la première fois seulement)',
    ),
  )
  // flock gives way by itself when its holder dies; a lock file of ours would not.
  const lock = join(CACHE, 'lock')
  await (await open(lock, 'a')).close()
  const draft = `${root}.draft`
  const build = [
    'set -eu',
    'root=$1 draft=$2; shift 2',
    '[ ! -e "$root" ] || exit 0',
    'rm -rf --one-file-system "$draft"',
    '"$@" </dev/null',
    'mv "$draft" "$root"',
  ].join('\n')
  await must(
    'flock',
    [
      lock,
      '/bin/sh',
      '-c',
      build,
      'base',
      root,
      draft,
      'mmdebstrap',
      ...options,
      `--customize-hook=${PC_FILES}recipe`,
      SUITE,
      draft,
      ...(await hostMirrors()),
    ],
    { timeoutMs: 900_000 },
  )
  await removeOthers(root, variant)
  return root
}

async function recipeDigest(options: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([SUITE, options, arch()]))
  for (const name of ['recipe', 'init', 'shutdown']) hash.update(await readFile(join(PC_FILES, name)))
  return hash.digest('hex').slice(0, 16)
}

/** Where this machine itself gets that Debian from; none: mmdebstrap's own default. */
export async function hostMirrors(): Promise<readonly string[]> {
  const { exitCode, stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
  ])
  if (exitCode !== 0) return []
  const lines = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, release = '', component]) => release.split('-')[0] === SUITE && component === 'main')
    .map(([uri, release]) => `deb ${uri} ${release} main`)
  return lines.some((line) => line.endsWith(` ${SUITE} main`)) ? [...new Set(lines)] : []
}

/** An older recipe's base is in no new lab's way, but in the disk's: it goes, unless a lab still stands on it. */
async function removeOthers(root: string, variant: string): Promise<void> {
  for (const entry of await readdir(CACHE, { withFileTypes: true })) {
    const other = join(CACHE, entry.name)
    if (!entry.isDirectory() || other === root || entry.name.endsWith('.draft')) continue
    if (entry.name.replace(/^[0-9a-f]*/, '') !== variant) continue
    const busy = await run('grep', ['-qsF', `/base/${entry.name}`, ...(await mountTables())])
    if (busy.exitCode === 0) continue
    const doomed = `${other}.draft`
    await rename(other, doomed)
    await rm(doomed, { recursive: true, force: true })
  }
}

async function mountTables(): Promise<readonly string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return processes.map((pid) => `/proc/${pid}/mountinfo`)
}
