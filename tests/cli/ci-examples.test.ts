/** The scripts of examples/ci, run as the CI services run them: from the park's clone, with Proviseur in `.proviseur-code`. */
import { spawn } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { parse } from 'yaml'
import { git, scratch, snapshot, writeFiles } from './command.ts'
import { writePark } from './sample-park.ts'

const project = fileURLToPath(new URL('../../', import.meta.url))

type Step = { readonly name?: string; readonly run?: string }

const scripts: Readonly<Record<string, () => Promise<string>>> = {
  github: async () => {
    const workflow = parse(await readFile(join(project, 'examples/ci/github.yml'), 'utf8'))
    const steps: readonly Step[] = workflow.jobs.plan.steps
    return steps
      .filter(({ name }) => name === 'Check' || name === 'Plan')
      .map(({ run }) => run)
      .join('\n')
  },
  gitlab: async () => {
    const pipeline = parse(await readFile(join(project, 'examples/ci/gitlab.yml'), 'utf8'))
    const lines: readonly string[] = pipeline.plan.script
    return lines.join('\n')
  },
}

type Clone = { readonly path: string; readonly base: string }

/** A park with a base branch, and on top of it a commit that writes these files. */
const cloneWith = async (
  t: { teardown(fn: () => Promise<void>): void },
  files: Readonly<Record<string, string>>,
): Promise<Clone> => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const { path } = folder
  await writePark(path)
  await git(path, 'init', '-q', '-b', 'main')
  await git(path, 'add', '.')
  await git(path, 'commit', '-qm', 'first')
  const base = await git(path, 'rev-parse', 'HEAD')
  await git(path, 'update-ref', 'refs/remotes/origin/main', base)
  await writeFiles(path, files)
  await git(path, 'add', '.')
  await git(path, 'commit', '-qm', 'second')
  await symlink(project, join(path, '.proviseur-code'))
  return { path, base }
}

const run = (script: string, { path, base }: Clone): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const child = spawn('bash', ['-e', '-c', script], {
      cwd: path,
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '/root',
        LC_ALL: 'C.UTF-8',
        GITHUB_BASE_REF: 'main',
        GITHUB_STEP_SUMMARY: join(path, 'summary.md'),
        CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
      },
    })
    child.on('error', reject)
    child.on('close', resolve)
  })

for (const [service, script] of Object.entries(scripts)) {
  test(`${service}: a change is planned, and does not fail the job`, async (t) => {
    const clone = await cloneWith(t, {
      'packages/sl.yaml': 'kind: Package\nname: sl\ndebian: { apt: sl }\n',
      'roles/poste.yaml': 'kind: Role\nname: poste\npackages: { geogebra: present, sl: present }\n',
    })
    t.is(await run(await script(), clone), 0)
    t.regex(await readFile(join(clone.path, 'plan.md'), 'utf8'), /package sl: present/u)
  })

  test(`${service}: a broken park fails the job`, async (t) => {
    const clone = await cloneWith(t, { 'roles/broken.yaml': 'kind: Role\nname: broken\nextends: nothing\n' })
    t.is(await run(await script(), clone), 1)
    t.false(Object.hasOwn(await snapshot(clone.path, ['.git', '.proviseur-code']), 'plan.md'))
  })
}
