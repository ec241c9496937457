/** What `check`, `plan` and a loop take for generated parks of several sizes, each beside its floor. */
import { stat } from 'node:fs/promises'
import { makeScene, runProviseur, runScript, type Scene } from './generated-scene.ts'
import type { LoopFigures } from './loop-pass.ts'
import { type Measure, median } from './measure.ts'

export type Section = 'check' | 'plan' | 'loop'

export type CheckFigures = { readonly warm: Measure; readonly withoutCache: Measure; readonly floor: Measure }
export type PlanFigures = {
  readonly warm: Measure
  readonly withoutCache: Measure
  /** Reading the rows and parsing their JSON. */
  readonly rowsFloor: Measure
  /** The same, and the floor of `check`, as `plan` compiles the specs first. */
  readonly floor: Measure
  readonly storeBytes: number
}

export type ParkFigures = {
  readonly machines: number
  readonly lycees: number
  readonly repetitions: number
  readonly check?: CheckFigures
  readonly plan?: PlanFigures
  readonly loop?: LoopFigures
}

/** A run of the largest park takes ten times as long as one of the next, and its figures vary by no more. */
const repetitionsFor = (machines: number): number => (machines > 50_000 ? 3 : 5)

export async function measurePark(
  machines: number,
  sections: ReadonlySet<Section>,
  tell: (line: string) => void,
): Promise<ParkFigures> {
  tell(`  ${machines} PCs: making the park and its store`)
  const scene = await makeScene(machines)
  try {
    const repetitions = repetitionsFor(machines)
    const step = async <T>(section: Section, work: () => Promise<T>): Promise<T | undefined> => {
      if (!sections.has(section)) return undefined
      tell(`  ${machines} PCs: ${section}`)
      return work()
    }
    const check = await step('check', () => measureCheck(scene, repetitions))
    const plan = await step('plan', () => measurePlan(scene, repetitions))
    const loop = await step('loop', () => measureLoop(scene, machines > 50_000 ? 1 : 3))
    const { lycees } = scene.size
    return {
      machines,
      lycees,
      repetitions,
      ...(check ? { check } : {}),
      ...(plan ? { plan } : {}),
      ...(loop ? { loop } : {}),
    }
  } finally {
    await scene.dispose()
  }
}

async function measureCheck({ park }: Scene, repetitions: number): Promise<CheckFigures> {
  // Fills the compile cache, and the system's cache of files.
  await runProviseur(['check', park])
  return {
    warm: await median(repetitions, () => runProviseur(['check', park])),
    withoutCache: await median(3, () => runProviseur(['check', park], { compileCache: false })),
    floor: await median(3, () => runScript('floor.ts', ['files', park])),
  }
}

async function measurePlan({ park, state, storeFile }: Scene, repetitions: number): Promise<PlanFigures> {
  const args = ['plan', park, '--state', state]
  const exits = [2]
  const { size: storeBytes } = await stat(storeFile)
  await runProviseur(args, { exits })
  return {
    warm: await median(repetitions, () => runProviseur(args, { exits })),
    withoutCache: await median(3, () => runProviseur(args, { exits, compileCache: false })),
    rowsFloor: await median(3, () => runScript('floor.ts', ['rows', storeFile])),
    floor: await median(3, () => runScript('floor.ts', ['files', park, 'rows', storeFile])),
    storeBytes,
  }
}

async function measureLoop(scene: Scene, repetitions: number): Promise<LoopFigures> {
  const runs: LoopFigures[] = []
  for (let index = 0; index < repetitions; index++) {
    const { output } = await runScript('loop-pass.ts', [scene.park, await scene.copyState()])
    runs.push(JSON.parse(output))
  }
  const middle = runs.sort((a, b) => a.nextPassMs - b.nextPassMs)[Math.floor(repetitions / 2)]
  if (middle === undefined) throw new Error('a median of no runs')
  return middle
}
