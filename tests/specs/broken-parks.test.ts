import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { compile } from '../../specs/compile.ts'
import { errorCodes, warningCodes } from '../../specs/diagnostic-codes.ts'
import type { ParkFiles } from '../../specs/files.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { renderDiagnostic } from '../../specs/render.ts'

const corpus = fileURLToPath(new URL('../golden/broken/', import.meta.url))
const refresh = process.env['UPDATE_GOLDEN'] === '1'
const parks = (await readdir(corpus)).sort()

/** Too large for a repository: made here. */
const oversized: ParkFiles = new Map([['park.yaml', new Uint8Array(5 * 1024 * 1024).fill(0x23)]])

for (const park of parks) {
  test(`the errors of broken park ${park} are told as expected, in both languages`, async (t) => {
    const files = await readFolder(corpus + park)
    const { diagnostics } = compile(files)
    t.true(diagnostics.length > 0)
    for (const locale of ['en', 'fr'] as const) {
      const golden = `${corpus}${park}/expected.${locale}.txt`
      const told = `${diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, locale)).join('\n')}\n`
      if (refresh) await writeFile(golden, told)
      t.is(told, await readFile(golden, 'utf8'))
    }
  })
}

test('there are at least sixty broken parks, and every diagnostic code appears in one of them', async (t) => {
  t.true(parks.length >= 60)
  const told = new Set(compile(oversized).diagnostics.map(({ code }) => code))
  for (const park of parks) {
    for (const { code } of compile(await readFolder(corpus + park)).diagnostics) told.add(code)
  }
  t.deepEqual([...told].sort(), [...errorCodes, ...warningCodes].sort())
})

test('a park with errors has no desired state, one with warnings has', async (t) => {
  for (const park of parks) {
    const { desired, diagnostics } = compile(await readFolder(corpus + park))
    t.is(
      desired === undefined,
      diagnostics.some(({ severity }) => severity === 'error'),
      park,
    )
  }
})
