/**
 * Our half of the PC's record of an action: understands what start.sh tells. See there for what is kept on the PC, and why an
 * action runs once whatever becomes of the connection or of us.
 */
import type { StepOutput } from './facet-driver.ts'
import { type FrameReader, frameReader, type Section } from './frames.ts'

type RestartState = 'none' | 'pending' | 'skipped' | 'occupied' | 'done'

export type ActionReport =
  /** Nothing was started; `code` is start.sh's. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | {
      readonly kind: 'ended'
      readonly restart: RestartState
      readonly restartFailure?: { readonly exitCode: number; readonly output: string }
      readonly steps: readonly StepOutput[]
    }
  /** It was started and its process is gone without having written its end: a power cut, a restart, a kill. */
  | { readonly kind: 'interrupted'; readonly steps: readonly StepOutput[]; readonly log: string }
  /** The connection ended before the PC had told everything. */
  | { readonly kind: 'cut'; readonly started: boolean; readonly noise: string }

export type ActionProgress = { readonly step: number; readonly line: string }

export type ActionReader = {
  push(chunk: Uint8Array): void
  report(): ActionReport
}

/** `secrets` are blotted out of everything that comes back: a script may print what it was given. */
export function actionReader(
  boundary: string,
  total: number,
  secrets: readonly string[],
  onProgress: (progress: ActionProgress) => void,
): ActionReader {
  const said = new Map<string, readonly string[]>()
  const steps = new Map<number, readonly string[]>()
  const frames = frameReader(
    boundary,
    () => 0,
    {
      say([keyword = '', ...rest]) {
        if (keyword === 'progress') {
          onProgress({ step: Number(rest[0]), line: blot(rest.slice(1).join(' '), secrets) })
        } else if (keyword === 'step') steps.set(Number(rest[0]), rest.slice(1))
        else said.set(keyword, rest)
      },
    },
    64 << 10,
  )
  return { push: frames.push, report: () => reportFrom(frames, said, steps, total, secrets) }
}

function reportFrom(
  frames: FrameReader,
  said: ReadonlyMap<string, readonly string[]>,
  steps: ReadonlyMap<number, readonly string[]>,
  total: number,
  secrets: readonly string[],
): ActionReport {
  const sections = frames.sections()
  const refused = said.get('refused')
  if (refused !== undefined && sections.has('refused')) {
    return { kind: 'refused', code: refused[0] ?? '', detail: textOf(sections, 'refused', secrets).trim() }
  }
  const outputs = Array.from({ length: total }, (_, index) =>
    stepOutput(index, steps.get(index), sections, secrets),
  )
  if (said.has('interrupted'))
    return { kind: 'interrupted', steps: outputs, log: textOf(sections, 'log', secrets) }
  const ended = said.get('ended')
  if (ended === undefined) {
    return { kind: 'cut', started: said.has('started') || said.has('joined'), noise: frames.noise() }
  }
  const failed = said.get('restart-failed')
  return {
    kind: 'ended',
    restart: restartState(ended),
    ...(failed === undefined
      ? {}
      : { restartFailure: { exitCode: Number(failed[0]), output: textOf(sections, 'restart', secrets) } }),
    steps: outputs,
  }
}

/** `ended OUTCOME BOOT-THEN BOOT-NOW`: a restart that was begun is done when the machine has booted since. */
function restartState([outcome, then, now]: readonly string[]): RestartState {
  if (outcome === 'restart-skipped') return 'skipped'
  if (outcome === 'restart-occupied') return 'occupied'
  if (outcome !== 'restarting') return 'none'
  return then === now ? 'pending' : 'done'
}

function stepOutput(
  index: number,
  words: readonly string[] | undefined,
  sections: ReadonlyMap<string, Section>,
  secrets: readonly string[],
): StepOutput {
  const prefix = `step/${index}/file/`
  const files = new Map<string, string>()
  for (const name of sections.keys()) {
    if (name.startsWith(prefix)) files.set(name.slice(prefix.length), textOf(sections, name, secrets))
  }
  const deadline = words?.[0] === 'deadline'
  return {
    exitCode: words === undefined || deadline ? null : Number(words[0]),
    deadline,
    durationMs: Number(words?.[1] ?? 0),
    output: textOf(sections, `step/${index}/output`, secrets),
    files,
  }
}

const textOf = (sections: ReadonlyMap<string, Section>, name: string, secrets: readonly string[]): string =>
  blot(sections.get(name)?.text ?? '', secrets)

/** Values too short to be secrets are left: blotting out every `1` would make the output unreadable. */
function blot(text: string, secrets: readonly string[]): string {
  let blotted = text
  for (const secret of secrets) if (secret.length >= 4) blotted = blotted.replaceAll(secret, '••••')
  return blotted
}
