/** The same lycée of six real PCs, wrong in the same ways, put right by Proviseur and by Ansible; and the run after that, which has nothing to do. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstCommit, lycee } from '../demo/lycee.ts'
import { must } from '../lab/command.ts'
import { createLab, type Lab, type Pc } from '../lab/lab.ts'
import { type Measure, measure } from './measure.ts'
import { middle } from './middle.ts'
import { cpuOf, cpuOfProcess } from './process-cpu.ts'

export type Tool = 'proviseur' | 'ansible'

/** Of one run: `pcCpuMs` is what it took of all PCs together. */
export type ToolRun = Pick<Measure, 'wallMs' | 'cpuMs' | 'peakBytes'> & { readonly pcCpuMs: number }
export type ToolFigures = { readonly convergence: ToolRun; readonly nothingToDo: ToolRun }
export type AnsibleFigures = Readonly<Record<Tool, ToolFigures>> & {
  readonly ansibleVersion: string
  readonly repetitions: number
}

const proviseur = join(import.meta.dirname, '../../bin/proviseur')
const recipes = join(import.meta.dirname, 'ansible')
const tools: readonly Tool[] = ['proviseur', 'ansible']

export async function besideAnsible(
  repetitions: number,
  tell: (line: string) => void,
): Promise<AnsibleFigures> {
  const runs: Record<Tool, ToolFigures[]> = { proviseur: [], ansible: [] }
  for (let index = 0; index < repetitions; index++)
    for (const tool of tools) {
      const figures = await inFreshLab(tool, tell)
      const { convergence, nothingToDo } = figures
      tell(`  ${tool}: ${Math.round(convergence.wallMs)} ms, then ${Math.round(nothingToDo.wallMs)} ms`)
      runs[tool].push(figures)
    }
  return {
    proviseur: middleOf(runs.proviseur),
    ansible: middleOf(runs.ansible),
    ansibleVersion: await ansibleVersion(),
    repetitions,
  }
}

const middleOf = (runs: readonly ToolFigures[]): ToolFigures => ({
  convergence: middle(runs.map((run) => run.convergence)),
  nothingToDo: middle(runs.map((run) => run.nothingToDo)),
})

async function ansibleVersion(): Promise<string> {
  const said = await must('ansible-playbook', ['--version'])
  return /\[core ([^\]]+)\]/.exec(said)?.[1] ?? said.split('\n')[0] ?? ''
}

/** All six are on: Ansible has no way of its own to wake one. What Ansible needs on a PC is on all of them, for either tool. */
async function inFreshLab(tool: Tool, tell: (line: string) => void): Promise<ToolFigures> {
  const pcs = lycee.pcs.map(({ off: _, ...pc }) => pc)
  await using lab = await createLab({
    ...lycee,
    pcs,
    basePackages: ['python3', 'python3-apt'],
    tell: (text) => tell(`  ${text.en}`),
  })
  // As on a PC that was installed some days ago; a fresh folder would tell Ansible that the index had just been fetched.
  await Promise.all(lab.pcs.map((pc) => pc.exec('touch -d "3 days ago" /var/lib/apt/lists')))
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-bench-'))
  try {
    const prepared =
      tool === 'proviseur' ? await prepareProviseur(lab, folder) : await prepareAnsible(lab, folder)
    const convergence = await oneRun(lab, prepared)
    await mustBeRight(lab, tool)
    const nothingToDo = await oneRun(lab, prepared)
    prepared.mustHaveDoneNothing(nothingToDo.output)
    return { convergence, nothingToDo }
  } finally {
    await rm(folder, { recursive: true })
  }
}

type Prepared = {
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Ends what a run leaves behind on this machine, and tells the CPU time of that. */
  readonly tidy: () => Promise<number>
  readonly mustHaveDoneNothing: (output: string) => void
}

async function oneRun(lab: Lab, { command, env, tidy }: Prepared): Promise<ToolRun & { output: string }> {
  const before = await cpuOfPcs(lab)
  const run = await measure(command, { env })
  const pcCpuMs = (await cpuOfPcs(lab)) - before
  return { ...run, cpuMs: run.cpuMs + (await tidy()), pcCpuMs }
}

async function prepareProviseur(lab: Lab, folder: string): Promise<Prepared> {
  const park = join(folder, 'park')
  await lab.writePark(park, firstCommit)
  return {
    command: [
      proviseur,
      'up',
      park,
      '--once',
      '--json',
      ...['--state', join(folder, 'state'), '--ssh-key', lab.privateKeyFile],
    ],
    env: process.env,
    tidy: async () => 0,
    mustHaveDoneNothing: (output) => {
      if (output.includes('"kind":"acting"') || !output.includes('"result":"converged"'))
        throw new Error(`something was done again:\n${output}`)
    },
  }
}

async function prepareAnsible(lab: Lab, folder: string): Promise<Prepared> {
  const inventory = join(folder, 'inventory.ini')
  const knownHosts = join(folder, 'known_hosts')
  const controlFolder = join(folder, 'cp')
  await writeFile(inventory, inventoryOf(lab))
  await writeFile(knownHosts, (await Promise.all(lab.pcs.map(hostKeyLine))).join(''))
  const sshArgs = `-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${knownHosts}`
  return {
    command: ['ansible-playbook', '-i', inventory, join(recipes, 'playbook.yml')],
    env: {
      ...process.env,
      LC_ALL: 'C.UTF-8',
      ANSIBLE_CONFIG: join(recipes, 'ansible.cfg'),
      ANSIBLE_HOME: join(folder, 'home'),
      ANSIBLE_SSH_ARGS: sshArgs,
      ANSIBLE_SSH_CONTROL_PATH_DIR: controlFolder,
      ANSIBLE_NOCOLOR: '1',
    },
    tidy: () => endMasters(controlFolder),
    mustHaveDoneNothing: (output) => {
      if (/changed=[1-9]/.test(output) || !/changed=0/.test(output))
        throw new Error(`something was done again:\n${output}`)
    },
  }
}

function inventoryOf(lab: Lab): string {
  const host = (pc: Pc): string => `${pc.name} ansible_host=${pc.ip}`
  const inRoom = (room: string): string =>
    lab.pcs
      .filter((pc) => pc.room === room)
      .map(host)
      .join('\n')
  return [
    '[b204]',
    inRoom('b204'),
    '[cdi]',
    inRoom('cdi'),
    '[lycee:children]',
    'b204',
    'cdi',
    '[lycee:vars]',
    'ansible_user=root',
    `ansible_ssh_private_key_file=${lab.privateKeyFile}`,
    '[b204:vars]',
    'packages=["geogebra=6.0.850*", "scratux"]',
    '[cdi:vars]',
    'packages=["geogebra=6.0.850*"]',
    '',
  ].join('\n')
}

async function hostKeyLine(pc: Pc): Promise<string> {
  const [type, key] = (await pc.readFile('/etc/ssh/ssh_host_ed25519_key.pub')).split(' ')
  return `${pc.ip} ${type} ${key?.trim()}\n`
}

/** By the PCs' own eyes: a run that left something undone is no measurement. */
async function mustBeRight(lab: Lab, tool: Tool): Promise<void> {
  for (const pc of lab.pcs) {
    const found = {
      geogebra: await pc.installed('geogebra'),
      scratux: pc.room === 'b204' ? await pc.installed('scratux') : '1.4.1-2',
      minetest: await pc.installed('minetest'),
      hostname: (await pc.exec('hostname; cat /etc/hostname')).trim(),
      proxy: (await pc.exec('grep ^http_proxy= /etc/environment')).trim(),
      welcome: (await pc.readFile('/etc/motd')).trim(),
    }
    const wanted = {
      geogebra: '6.0.850-1',
      scratux: '1.4.1-2',
      minetest: undefined,
      hostname: `${pc.name}\n${pc.name}`,
      proxy: 'http_proxy=http://proxy.lycee.example:3128',
      welcome: 'Bienvenue au lycée Victor Hugo',
    }
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      throw new Error(`${tool} left ${pc.name} as ${JSON.stringify(found)}`)
  }
}

/**
 * CPU time of all processes that the PCs have had since they started: what those that live took, and what those took that they
 * waited for. A PC's first process waits for all that were left alone.
 */
async function cpuOfPcs(lab: Lab): Promise<number> {
  const stats = await Promise.all(lab.pcs.map((pc) => pc.execResult('cat /proc/[0-9]*/stat')))
  return stats.flatMap(({ stdout }) => stdout.trim().split('\n')).reduce((sum, line) => sum + cpuOf(line), 0)
}

/** The SSH connections that Ansible keeps for its next run within a minute; the next run that matters comes later. */
async function endMasters(controlFolder: string): Promise<number> {
  let cpuMs = 0
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!commandLine.startsWith('ssh') || !commandLine.includes(controlFolder)) continue
    cpuMs += await cpuOfProcess(Number(pid))
    process.kill(Number(pid), 'SIGTERM')
  }
  return cpuMs
}
