import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { jsonSchemas } from '../../specs/json-schema.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { nearest } from '../nearest.ts'
import { didYouMean } from '../output/suggestion.ts'

export const run: Run = async (context, given) => {
  const schemas = jsonSchemas(context.locale)
  const out = given.value('out')
  if (out !== undefined) {
    const written = await writeSchemas(resolve(context.cwd, out), schemas)
    if (context.json) context.writeJson({ written })
    else for (const path of written) context.out.line(path)
    return exitCode.done
  }
  const kind = given.argument(0)
  const name =
    kind === undefined
      ? 'park-file'
      : [...schemas.keys()].find((known) => known.toLowerCase() === kind.toLowerCase())
  const schema = name === undefined ? undefined : schemas.get(name)
  if (schema === undefined) {
    const meant = didYouMean(nearest(kind ?? '', schemas.keys()))
    const kinds = [...schemas.keys()].join(', ')
    return context.fail({
      code: 'unknown-kind',
      message: say(
        `There is no kind “${kind}”.${meant.en} Kinds: ${kinds}.`,
        `Le type «\u00a0${kind}\u00a0» n’existe pas.${meant.fr} Types\u00a0: ${kinds}.`,
      ),
    })
  }
  context.writeJson(schema)
  return exitCode.done
}

/** One file a kind, `<kind>.json`. Answers the paths. */
const writeSchemas = async (
  folder: string,
  schemas: ReadonlyMap<string, object>,
): Promise<readonly string[]> => {
  await mkdir(folder, { recursive: true })
  const written: string[] = []
  for (const [kind, schema] of schemas) {
    const path = join(folder, `${kind}.json`)
    await writeFile(path, `${JSON.stringify(schema, null, 2)}\n`)
    written.push(path)
  }
  return written
}
