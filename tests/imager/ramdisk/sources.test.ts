import test from 'ava'
import { switchedSources } from '../../../imager/ramdisk/sources.ts'

const target = (uri: string, release: string, origin = 'Debian', component = 'main') => ({
  uri,
  release,
  origin,
  component,
})

const switched = (targets: Parameters<typeof switchedSources>[0]): readonly string[] =>
  switchedSources(targets).map((line) => line.replace(/\[signed-by=\S+\] /, ''))

test('a machine’s own mirrors serve our release, its security updates included', (t) => {
  const lines = switched([
    target('http://mirror.lycee.example/debian/', 'bookworm'),
    target('http://mirror.lycee.example/debian/', 'bookworm-updates'),
    target('http://mirror.lycee.example/debian-security/', 'bookworm-security'),
  ])
  t.deepEqual(lines, [
    'deb http://mirror.lycee.example/debian/ trixie main non-free-firmware',
    'deb http://mirror.lycee.example/debian/ trixie-updates main non-free-firmware',
    'deb http://mirror.lycee.example/debian-security/ trixie-security main non-free-firmware',
  ])
})

test('archives of others, and other parts of Debian’s, are left alone', (t) => {
  const lines = switched([
    target('http://mirror.lycee.example/debian/', 'trixie'),
    target('http://mirror.lycee.example/debian/', 'trixie', 'Debian', 'contrib'),
    target('http://mirror.lycee.example/debian/', 'trixie-backports', 'Debian Backports'),
    target('http://tools.example/apt/', 'trixie', 'Somebody'),
  ])
  t.deepEqual(lines, ['deb http://mirror.lycee.example/debian/ trixie main non-free-firmware'])
})

test('before the lists were ever fetched, the names of Debian’s releases tell', (t) => {
  const unknown = '$(ORIGIN)'
  const lines = switched([
    target('http://mirror.lycee.example/debian/', 'bookworm', unknown),
    target('http://tools.example/apt/', 'nodistro', unknown),
  ])
  t.deepEqual(lines, ['deb http://mirror.lycee.example/debian/ trixie main non-free-firmware'])
})

test('a machine of another distribution has none of Debian’s mirrors', (t) => {
  t.deepEqual(
    switched([
      target('http://archive.example/ubuntu/', 'noble', 'Ubuntu'),
      target('http://archive.example/ubuntu/', 'noble-security', 'Ubuntu'),
    ]),
    [],
  )
})

test('security updates alone are no mirror', (t) => {
  t.deepEqual(switched([target('http://mirror.lycee.example/debian-security/', 'bookworm-security')]), [])
})
