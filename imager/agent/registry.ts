/** Values in an offline registry hive of Windows, by chntpw's `reged`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, said } from './command.ts'
import { done, failed, type Result } from './result.ts'

/** Text values to set, by key below the hive's root: `ControlSet001\Control\…`. */
export type RegistryTexts = Readonly<Record<string, Readonly<Record<string, string>>>>

const prefix = 'HKEY_LOCAL_MACHINE\\SYSTEM'

/** Which of a SYSTEM hive's control sets Windows starts with; 1 where it does not say. */
export async function currentControlSet(hive: string): Promise<Result<number>> {
  const exported = await exportKey(hive, '\\Select')
  if (!exported.ok) return exported
  const current = /^"Current"=dword:([0-9a-f]{8})/im.exec(exported.value)?.[1]
  return done(current === undefined ? 1 : Number.parseInt(current, 16))
}

export async function readRegistryText(
  hive: string,
  key: string,
  value: string,
): Promise<Result<string | undefined>> {
  const exported = await exportKey(hive, `\\${key}`)
  if (!exported.ok) return exported
  const line = exported.value.split(/\r?\n/).find((text) => text.startsWith(`"${value}"=`))
  return done(line === undefined ? undefined : unquoted(line.slice(value.length + 3)))
}

/** Keys and values that are not there are made. The hive is written anew only if all of it worked. */
export async function writeRegistryTexts(hive: string, texts: RegistryTexts): Promise<Result<void>> {
  const sections = Object.entries(texts).map(
    ([key, values]) =>
      `[${prefix}\\${key}]\r\n${Object.entries(values)
        .map(([name, text]) => `"${name}"="${quoted(text)}"\r\n`)
        .join('')}`,
  )
  return withFolder(async (folder) => {
    const file = join(folder, 'values.reg')
    await writeFile(file, `Windows Registry Editor Version 5.00\r\n\r\n${sections.join('\r\n')}\r\n`)
    const imported = await run('reged', ['-C', '-I', hive, prefix, file])
    // 2: the hive was changed and saved; 0: there was nothing to change.
    return imported.exitCode === 0 || imported.exitCode === 2
      ? done(undefined)
      : failed('identity-failed', said('reged', imported))
  })
}

const exportKey = (hive: string, key: string): Promise<Result<string>> =>
  withFolder(async (folder) => {
    const file = join(folder, 'key.reg')
    const exported = await run('reged', ['-x', hive, prefix, key, file])
    if (exported.exitCode !== 0) return failed('identity-failed', said('reged', exported))
    return done(await readFile(file, 'latin1'))
  })

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
const unquoted = (text: string): string =>
  text
    .replace(/^"(.*)"$/, '$1')
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
