/** What of a PC itself is not as the spec wants it, whatever a loop or a store believes. */
import type { DesiredMachine, WantedPackage } from '../../specs/desired.ts'
import type { SimulatedPc } from './pc.ts'

export const differences = (pc: SimulatedPc, machine: DesiredMachine): readonly string[] => [
  ...diskDifferences(pc, machine),
  ...(machine.profile.identity.hostname && pc.hostname !== machine.name ? [`hostname ${pc.hostname}`] : []),
  ...packageDifferences(pc, machine),
  ...scriptDifferences(pc, machine),
]

const diskDifferences = (pc: SimulatedPc, { profile }: DesiredMachine): readonly string[] => {
  const wanted = profile.disk
  if (wanted?.manifest === undefined) return []
  const { content, state } = pc.disk
  return content === 'ours' && state?.manifest === wanted.manifest
    ? []
    : [`disk ${content} ${state?.image ?? ''}`.trim()]
}

const packageDifferences = (pc: SimulatedPc, machine: DesiredMachine): readonly string[] => {
  const found: string[] = []
  for (const { name, source, want } of machine.profile.packages.values()) {
    const installed = pc.installed.get(source?.name ?? name)
    if (!isRight(want, installed)) found.push(`${name} ${installed ?? 'not installed'}`)
  }
  return found
}

const isRight = (want: WantedPackage['want'], installed: string | undefined): boolean => {
  switch (want.kind) {
    case 'absent':
      return installed === undefined
    case 'version':
      return installed === want.version || installed?.startsWith(`${want.version}-`) === true
    case 'present':
    case 'latest':
      return installed !== undefined
  }
}

const scriptDifferences = (pc: SimulatedPc, machine: DesiredMachine): readonly string[] => {
  const found: string[] = []
  for (const script of machine.profile.scripts.values()) {
    const last = pc.succeeded(script.name)
    const right =
      script.trigger.kind === 'check'
        ? pc.passes(script)
        : script.trigger.kind === 'change'
          ? last === script.digest
          : last !== undefined
    if (!right) found.push(`script ${script.name}`)
  }
  return found
}
