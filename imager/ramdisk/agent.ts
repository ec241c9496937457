/** The agent as the ramdisk holds it: two files of plain JavaScript, of the agent itself and of its worker threads. */

import { fileURLToPath } from 'node:url'
import { type BuildFailure, build } from 'esbuild'
import { type Result, refuse, right } from '../../imaging/refusal.ts'

/** Files in TypeScript, absolute. */
export type AgentSource = { readonly main: string; readonly worker: string }

export type Bundle = { readonly main: Uint8Array; readonly worker: Uint8Array }

const root = fileURLToPath(new URL('../../', import.meta.url))

export const agentSource: AgentSource = {
  main: fileURLToPath(new URL('../agent/main.ts', import.meta.url)),
  worker: fileURLToPath(new URL('../engine/worker.ts', import.meta.url)),
}

/** Equal sources make equal bytes, wherever the project lies. */
export async function bundleAgent(source: AgentSource): Promise<Result<Bundle>> {
  try {
    const { outputFiles } = await build({
      entryPoints: { main: source.main, worker: source.worker },
      outdir: 'bundle',
      absWorkingDir: root,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      write: false,
    })
    const file = (name: string): Uint8Array => {
      const found = outputFiles.find(({ path }) => path.endsWith(`/${name}.js`))
      if (found === undefined) throw new Error(`esbuild made no ${name}.js`)
      return found.contents
    }
    return right({ main: file('main'), worker: file('worker') })
  } catch (error) {
    if (!isBuildFailure(error)) throw error
    const detail = error.errors
      .map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text))
      .join('\n')
    return refuse('agent-not-bundled', ...notBundled, detail)
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors)

const notBundled = [
  'The imager’s agent could not be put together: a file of Proviseur is damaged or missing. Install it afresh (git status shows what was changed).',
  'L’agent de l’imageur n’a pas pu être assemblé\u00a0: un fichier de Proviseur est abîmé ou manquant. Réinstallez-le (git status montre ce qui a été modifié).',
] as const
