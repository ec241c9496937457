import test from 'ava'
import { describeChange } from '../../reconciler/describe.ts'
import { diff } from '../../reconciler/diff.ts'
import { formatInstant } from '../../reconciler/local-time.ts'
import { escapeMarkdown } from '../../reconciler/markdown.ts'
import { wakeUp } from '../../reconciler/no-show.ts'
import { counted, formatCount, machines } from '../../reconciler/wording.ts'
import { facts, machine, profile, script, wantedPackage, wantedScript } from './sample-park.ts'

test('changes are told in a few words, in both languages', (t) => {
  const wanted = profile({
    identity: { hostname: true, authorizedKeys: ['ssh-ed25519 AAAA', 'ssh-ed25519 BBBB'] },
    packages: [
      wantedPackage('blender'),
      wantedPackage('geogebra', '6.0.850'),
      wantedPackage('minetest', { kind: 'absent' }),
      wantedPackage('vim', '9.1'),
      wantedPackage('zsh', { kind: 'latest' }, { hold: true }),
    ],
    scripts: [wantedScript('proxy', 'check')],
  })
  const seen = facts({
    installed: { minetest: '5', vim: '9.2', zsh: '5' },
    scripts: new Map([
      [script('proxy'), { check: { digest: wantedScript('proxy').digest, exitCode: 1, output: '' } }],
    ]),
    rebootPending: true,
  })
  const told = [...diff(machine('hugo/b204-01', wanted), seen, {}).changes, wakeUp].map(describeChange)
  t.deepEqual(
    told.map(({ fr }) => fr),
    [
      'renommer de pc en b204-01',
      'autoriser 2 clés SSH',
      'installer blender',
      'installer geogebra 6.0.850',
      'supprimer minetest',
      'rétrograder vim de 9.2 à 9.1',
      'figer la version de zsh',
      'exécuter le script proxy (sa vérification échoue)',
      'redémarrer',
      'réveiller',
    ],
  )
  t.deepEqual(
    told.map(({ en }) => en),
    [
      'rename from pc to b204-01',
      'accept 2 SSH keys',
      'install blender',
      'install geogebra 6.0.850',
      'remove minetest',
      'downgrade vim from 9.2 to 9.1',
      'hold zsh at its version',
      'run script proxy (its check says no)',
      'restart',
      'wake',
    ],
  )
})

test('numbers and nouns follow each language', (t) => {
  t.is(formatCount(15_000, 'en'), '15,000')
  t.is(formatCount(15_000, 'fr'), '15\u202f000')
  t.is(formatCount(999, 'fr'), '999')
  t.deepEqual(machines(1), { en: '1 machine', fr: '1 poste' })
  t.deepEqual(machines(0), { en: '0 machines', fr: '0 poste' })
  t.deepEqual(counted(2, ['try', 'tries'], ['essai', 'essais']), { en: '2 tries', fr: '2 essais' })
})

test('instants are shown as the clock of the school shows them', (t) => {
  const evening = Date.parse('2026-10-24T22:30:00Z')
  t.is(formatInstant(evening, 'Europe/Paris', 'en'), 'Sun 25 Oct 2026, 00:30')
  t.is(formatInstant(evening, 'Europe/Paris', 'fr'), 'dim. 25 oct. 2026 à 00:30')
  t.is(formatInstant(Date.parse('2026-12-01T07:05:00Z'), 'Europe/Paris', 'fr'), 'mar. 1er déc. 2026 à 08:05')
})

const hostile: readonly (readonly [string, string])[] = [
  ['**gras** _et_ `code`', '\\*\\*gras\\*\\* \\_et\\_ \\`code\\`'],
  ['<img src=x>', '&lt;img src=x&gt;'],
  ['a | b', 'a \\| b'],
  ['[x](https://y)', '\\[x\\](https&#58;//y)'],
  ['@equipe voir #12 & suite', '&#64;equipe voir &#35;12 &amp; suite'],
  ['une\nligne\r\n\r\nde trop', 'une ligne de trop'],
  ['- liste', '\\- liste'],
  ['1. liste', '1\\. liste'],
  ['C:\\x\u0007', 'C:\\\\x'],
]

for (const [written, escaped] of hostile) {
  test(`Markdown shows as it is: ${JSON.stringify(written)}`, (t) => {
    t.is(escapeMarkdown(written), escaped)
  })
}
