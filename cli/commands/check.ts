import { formatCount, lycees, machines } from '../../reconciler/wording.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { countDiagnostics, diagnosticJson, printDiagnostics } from '../output/diagnostics.ts'
import { locate } from '../place.ts'
import { readOnce } from '../sources/open.ts'

export const run: Run = async (context, given) => {
  const started = performance.now()
  const { locale, out } = context
  const place = await locate(context, given, given.argument(0))
  if (!place.ok) return context.fail(place.reason)
  const read = await readOnce(place.value, given.value('rev'))
  if (!read.ok) return context.fail(read.reason)
  const { desired, diagnostics } = read.value
  const code = diagnostics.some(({ severity }) => severity === 'error') ? exitCode.failed : exitCode.done

  if (context.json) {
    context.writeJson(diagnostics.map((diagnostic) => diagnosticJson(diagnostic, locale)))
    return code
  }
  printDiagnostics(diagnostics, locale, out)
  const found = countDiagnostics(diagnostics, locale)
  const took = out.colors.dim(`${formatCount(Math.round(performance.now() - started), locale)} ms`)
  if (desired === undefined) {
    out.line(`${out.colors.red('✗')} ${found}  ${took}`)
    return code
  }
  const size = [
    lycees(desired.sites.size)[locale],
    machines(desired.machines.size)[locale],
    ...(found === '' ? [] : [found]),
  ]
  out.line(`${out.colors.green('✓')} ${desired.park.name}  ${size.join(', ')}  ${took}`)
  return code
}
