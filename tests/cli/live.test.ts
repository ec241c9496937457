import test from 'ava'
import { createColors } from 'picocolors'
import type { Terminal } from '../../cli/output/terminal.ts'
import { printable, wrap } from '../../cli/output/width.ts'
import { createLiveView } from '../../cli/progress/live.ts'
import type { MachineId, Revision } from '../../reconciler/model/ids.ts'
import { say } from '../../specs/text.ts'

/** A terminal that knows what is on its screen: it obeys the two cursor commands that the view uses. */
const screen = (columns = 60, rows = 12) => {
  let lines: string[] = ['']
  const terminal: Terminal = {
    colors: createColors(false),
    interactive: true,
    columns: () => columns,
    rows: () => rows,
    write: (text) => {
      const up = new RegExp(
        `^${String.fromCharCode(27)}\\[(\\d+)A${String.fromCharCode(27)}\\[0J$`,
        'u',
      ).exec(text)
      if (!up) throw new Error(`unexpected ${JSON.stringify(text)}`)
      lines = [...lines.slice(0, lines.length - 1 - Number(up[1])), '']
    },
    line: (text = '') => {
      lines = [...lines.slice(0, -1), ...text.split('\n'), '']
    },
  }
  return { terminal, lines: () => lines.slice(0, -1) }
}

const id = (name: string) => `victor-hugo/${name}` as MachineId
const converged = { kind: 'converged', reported: [] } as const
const revision = 'a'.repeat(40) as Revision

test('each machine has one line, redrawn in place, and what ended scrolls by above', (t) => {
  const { terminal, lines } = screen()
  const view = createLiveView('en', terminal)
  view.show({ kind: 'revision', revision, machines: 2 })
  view.show({ kind: 'decided', machine: id('b204-01'), decision: converged })
  view.show({
    kind: 'decided',
    machine: id('b204-02'),
    decision: { kind: 'unknown', reason: { code: 'x', message: say('not read', 'pas lu') } },
  })
  view.close()
  view.show({ kind: 'decided', machine: id('b204-02'), decision: converged })
  view.close()
  t.deepEqual(lines(), [
    '· Revision aaaaaaaaaaaa: 2 machines',
    '',
    '✓ victor-hugo/b204-01  as wanted',
    '✓ victor-hugo/b204-02  as wanted',
    '2/2 as wanted',
  ])
})

test('no line is wider than the terminal', (t) => {
  const { terminal, lines } = screen(40)
  const view = createLiveView('fr', terminal)
  const reason = { code: 'x', message: say('x'.repeat(200), 'é'.repeat(200)) }
  view.show({ kind: 'decided', machine: id('b204-01'), decision: { kind: 'stalled', reason, changes: [] } })
  view.close()
  for (const line of lines()) t.true([...line].length < 40, line)
})

test('where machines do not fit, those in trouble are shown and the others are counted', (t) => {
  const { terminal, lines } = screen(60, 10)
  const view = createLiveView('en', terminal)
  for (let index = 10; index < 40; index += 1)
    view.show({ kind: 'decided', machine: id(`pc-${index}`), decision: converged })
  const reason = { code: 'x', message: say('no disk left', 'disque plein') }
  view.show({ kind: 'decided', machine: id('pc-99'), decision: { kind: 'stalled', reason, changes: [] } })
  view.close()
  t.true(lines().length <= 8)
  t.true(lines().includes('✗ victor-hugo/pc-99  no disk left'))
  t.regex(lines().at(-1) ?? '', /^30\/31 as wanted · 1 in trouble · 27 machines not shown$/u)
})

test('machines that left the park leave the screen', (t) => {
  const { terminal, lines } = screen()
  const view = createLiveView('en', terminal)
  view.show({ kind: 'decided', machine: id('b204-01'), decision: converged })
  view.show({ kind: 'revision', revision, machines: 1 })
  view.show({ kind: 'decided', machine: id('b204-02'), decision: converged })
  view.close()
  t.false(lines().some((line) => line.includes('b204-01')))
})

test('what a machine prints cannot move the cursor or colour the terminal', (t) => {
  const code = String.fromCharCode(27)
  t.is(
    printable(`a${code}[2Jb${code}]0;title${String.fromCharCode(7)}c\r\nd${String.fromCharCode(8)}`).includes(
      code,
    ),
    false,
  )
  t.is(printable('one\r\ntwo'), 'one\ntwo')
})

test('lines are broken at spaces, and a longer word stays whole', (t) => {
  t.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  t.deepEqual(wrap('extraordinarily long', 5), ['extraordinarily', 'long'])
})
