/** From where apt gets the ramdisk's Debian: the mirrors that this machine itself uses, switched to our release. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '../../imaging/program.ts'
import { type Result, refuse, right } from '../../imaging/refusal.ts'
import { lastWords } from './last-words.ts'
import { suite } from './recipe.ts'

/** Signs all of Debian's releases; Debian and Ubuntu have it as a package. */
export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

const components = 'main non-free-firmware'

/** Lines for a sources.list. */
export async function debianSources(): Promise<Result<readonly string[]>> {
  if (!existsSync(keyring)) return refuse('no-debian-keyring', ...noKeyring)
  const host = await hostSources()
  return host.ok && host.value.length === 0 ? standardSources() : host
}

type Target = {
  readonly uri: string
  readonly release: string
  readonly component: string
  readonly origin: string
}

async function hostSources(): Promise<Result<readonly string[]>> {
  const format = ['$(REPO_URI)', '$(RELEASE)', '$(COMPONENT)', '$(ORIGIN)'].join('\t')
  const ran = await runProgram('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  if (!ran.ok) return ran
  if (ran.value.exitCode !== 0) return right([])
  const targets = ran.value.stdout
    .toString()
    .split('\n')
    .flatMap((line): readonly Target[] => {
      const [uri, release, component, origin = ''] = line.split('\t')
      return uri && release && component ? [{ uri, release, component, origin }] : []
    })
  return right(switchedSources(targets))
}

/**
 * Debian's own archives among a machine's, each with our release in the place of its own. apt knows whose an archive is once its
 * lists were fetched; until then (`$(ORIGIN)` stays as it is) the releases' names must do.
 */
export function switchedSources(targets: readonly Target[]): readonly string[] {
  const known = targets.some(({ origin }) => origin !== '' && !origin.startsWith('$('))
  const lines = targets.flatMap(({ uri, release, component, origin }) => {
    const [codename = '', ...rest] = release.split('-')
    const kind = rest.join('-')
    if (component !== 'main' || !['', 'updates', 'security'].includes(kind)) return []
    if (known ? origin !== 'Debian' : !debianReleases.has(codename)) return []
    return [line(uri, kind === '' ? suite : `${suite}-${kind}`)]
  })
  return lines.some((text) => text.includes(` ${suite} `)) ? [...new Set(lines)] : []
}

/** Those from which Proviseur can be run. */
const debianReleases: ReadonlySet<string> = new Set([
  'bookworm',
  'trixie',
  'forky',
  'sid',
  'stable',
  'testing',
])

const line = (uri: string, release: string): string =>
  `deb [signed-by=${keyring}] ${uri} ${release} ${components}`

/** On Ubuntu, say: mmdebstrap knows Debian's own mirrors. Its first hook sees the sources.list that it wrote, and ends it there. */
async function standardSources(): Promise<Result<readonly string[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-sources-'))
  try {
    const ran = await runProgram('mmdebstrap', [
      ...['--mode=chrootless', '--variant=custom', '--format=directory'],
      ...['--setup-hook=sed s/^/found:/ "$1/etc/apt/sources.list"; exit 9', suite, join(folder, 'root')],
    ])
    // A program that is not there is told with the others' reason.
    const said = ran.ok ? `${ran.value.stdout}\n${ran.value.stderr}` : ''
    const lines = said.split('\n').flatMap((text) => {
      const [, uri, release] = /^found:deb (?:\[[^\]]*\] )?(\S+) (\S+) main/.exec(text) ?? []
      return uri && release ? [line(uri, release)] : []
    })
    if (lines.length > 0) return right(lines)
    return refuse('no-debian-mirror', ...noMirror, ran.ok ? lastWords(ran.value) : ran.message.en)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const noMirror = [
  `No Debian mirror is known on this machine. Add one to its apt sources (${suite} or any other release), or install mmdebstrap, which knows Debian’s own: apt-get install mmdebstrap debian-archive-keyring`,
  `Aucun miroir Debian n’est connu de cette machine. Ajoutez-en un à ses sources apt (${suite} ou une autre version), ou installez mmdebstrap, qui connaît ceux de Debian\u00a0: apt-get install mmdebstrap debian-archive-keyring`,
] as const

const noKeyring = [
  'The keys with which Debian signs its packages are not on this machine. Install them: apt-get install debian-archive-keyring',
  'Les clés avec lesquelles Debian signe ses paquets manquent sur cette machine. Installez-les\u00a0: apt-get install debian-archive-keyring',
] as const
