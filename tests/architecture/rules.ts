/** Who may import whom, and what pure files may not do: DESIGN's third chapter, as data. */

/** A part of the project, by where its files are. The first that matches a file is its part. */
export type Part =
  | 'specs'
  | 'model'
  | 'ports'
  | 'effects'
  | 'pure'
  | 'transport'
  | 'providers'
  | 'imaging'
  | 'imager'
  | 'console'
  | 'examples'
  | 'cli'
  | 'tests'

const places: readonly (readonly [RegExp, Part])[] = [
  [/^specs\//, 'specs'],
  [/^reconciler\/model\//, 'model'],
  [/^reconciler\/ports\.ts$/, 'ports'],
  [/^reconciler\/[^/]+\//, 'effects'],
  [/^reconciler\/[^/]+\.ts$/, 'pure'],
  [/^providers\/ssh\//, 'transport'],
  [/^providers\//, 'providers'],
  [/^imaging\//, 'imaging'],
  [/^imager\//, 'imager'],
  [/^console\//, 'console'],
  [/^examples\//, 'examples'],
  [/^cli\//, 'cli'],
  [/^tests\//, 'tests'],
]

export const partOf = (file: string): Part | undefined => places.find(([place]) => place.test(file))?.[1]

/** Parts whose values may be imported; its own part is spelt out like the others. */
const allowed: Readonly<Record<Part, readonly Part[]>> = {
  specs: ['specs'],
  model: ['model'],
  ports: ['model'],
  pure: ['pure', 'model'],
  effects: ['effects', 'pure', 'model', 'ports'],
  transport: ['transport', 'model', 'ports'],
  providers: ['transport', 'model', 'ports', 'imaging'],
  // What the PC and the server must agree on: alone, so that either can be read without the other.
  imaging: ['imaging'],
  imager: ['imager', 'imaging'],
  console: ['console'],
  examples: ['examples', 'specs'],
  cli: [
    'specs',
    'model',
    'ports',
    'pure',
    'effects',
    'transport',
    'providers',
    'imaging',
    'imager',
    'console',
    'cli',
  ],
  tests: [
    'specs',
    'model',
    'ports',
    'pure',
    'effects',
    'transport',
    'providers',
    'imaging',
    'imager',
    'console',
    'examples',
    'cli',
    'tests',
  ],
}

/** Parts that see the types of the specs, which vanish before anything runs. */
const seesSpecTypes: ReadonlySet<Part> = new Set([
  'model',
  'ports',
  'pure',
  'effects',
  'transport',
  'providers',
  'imaging',
  'imager',
])

/** `say`, of which every message is made, is as much a part of the language as a type. */
const messages = 'specs/text.ts'

/** What the store keeps of a revision is written, read and put together by the specs' own codec. */
const codec: readonly string[] = ['specs/serialize.ts', 'specs/composite.ts']

/** The packages that pure files may use: they compute, and ask nothing of the world. */
const purePackages: readonly RegExp[] = [/^@noble\/hashes\//, /^temporal-polyfill$/]

export type Import = {
  /** A file of the project, or what was written for a package. */
  readonly target: string
  readonly internal: boolean
  readonly typeOnly: boolean
}

/** Why a file may not import what it imports; undefined: it may. */
export function refuseImport(file: string, { target, internal, typeOnly }: Import): string | undefined {
  const from = partOf(file)
  if (from === undefined) return `${file} is in no known part of the project`
  if (!internal) {
    const pure = from === 'pure' || from === 'model'
    return pure && !typeOnly && !purePackages.some((known) => known.test(target))
      ? `a pure file imports ${target}`
      : undefined
  }
  const to = partOf(target)
  if (to === undefined) return `${target} is in no known part of the project`
  if (from === 'imaging' && to === 'specs' && target !== messages) {
    return `imaging imports ${target}; of the specs it shares the messages only`
  }
  if (to === 'specs' && seesSpecTypes.has(from)) {
    const shared =
      typeOnly || (target === messages && from !== 'model') || (codec.includes(target) && from === 'effects')
    return shared ? undefined : `${from} imports values of ${target}; only types of the specs are for it`
  }
  if (from === 'providers' && to === 'providers') {
    return folderOf(file) === folderOf(target) ? undefined : `a provider imports another provider, ${target}`
  }
  return allowed[from].includes(to) ? undefined : `${from} must not import ${to} (${target})`
}

const folderOf = (file: string): string => file.split('/').slice(0, 2).join('/')

export const mustBePure = (file: string): boolean => partOf(file) === 'pure' || partOf(file) === 'model'

/** Names that say nothing of what is inside. */
export const emptyName = (file: string): boolean =>
  file
    .replace(/\.[a-z.]+$/, '')
    .split(/[/._-]|(?<=[a-z])(?=[A-Z])/)
    .some((word) => /^(?:utils?|helpers?|common|managers?)$/i.test(word))
