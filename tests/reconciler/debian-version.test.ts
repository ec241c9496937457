import test from 'ava'
import {
  compareDebianVersions,
  compareWantedVersion,
  parseDebianVersion,
  versionSatisfies,
} from '../../reconciler/debian-version.ts'

const ordered: readonly (readonly [older: string, newer: string, why: string])[] = [
  ['1.0', '1.1', 'numbers are compared as numbers'],
  ['1.9', '1.10', 'ten comes after nine'],
  ['24.1', '24.10', 'a trailing zero counts'],
  ['1.0', '1.0.1', 'a longer version is newer'],
  ['9.9', '1:0.1', 'the epoch decides first'],
  ['1:9', '2:1', 'epochs are numbers'],
  ['1.0-1', '1.0-2', 'the revision decides last'],
  ['1.0-9', '1.0-10', 'revisions are compared like versions'],
  ['1.0-1', '1.0-1+b1', 'a binary rebuild is newer'],
  ['1.0-1', '1.0-1+deb12u1', 'a stable update is newer'],
  ['1.0', '1.0-1', 'no revision is older than any'],
  ['1.0~rc1', '1.0', 'a tilde sorts before the end'],
  ['1.0~~', '1.0~', 'two tildes sort before one'],
  ['1.0~~a', '1.0~', 'two tildes sort before one and its end'],
  ['1.0~', '1.0~a', 'after a tilde the end comes before letters'],
  ['1.0~beta1', '1.0~rc1', 'letters by their order'],
  ['1.0-1~bpo12+1', '1.0-1', 'a backport is older than what it comes from'],
  ['1.0', '1.0a', 'the end sorts before letters'],
  ['1.0a', '1.0+', 'letters sort before everything else'],
  ['1.0Z', '1.0a', 'capitals sort before small letters'],
  ['1.0+git1', '1.0.1', 'a plus sorts before a dot'],
  ['1.0-a', '1.0-b', 'letters in the revision'],
  ['1.2.3-4-5', '1.2.3-5-1', 'the last hyphen separates the revision'],
  ['0.20240101000000000001', '0.20240101000000000002', 'numbers beyond 2^53'],
  ['1.1', '1.a', 'a digit ends a run, and the end sorts before letters'],
]

for (const [older, newer, why] of ordered) {
  test(`${older} is older than ${newer}: ${why}`, (t) => {
    t.true(compareDebianVersions(older, newer) < 0)
    t.true(compareDebianVersions(newer, older) > 0)
  })
}

const equal: readonly (readonly [string, string])[] = [
  ['1.0', '1.0'],
  ['0:1.0', '1.0'],
  ['1.0-0', '1.0'],
  ['1.00', '1.0'],
  ['1.0-01', '1.0-1'],
  ['007', '7'],
  ['1.', '1.0'],
]

for (const [one, other] of equal) {
  test(`${one} and ${other} are the same version to dpkg`, (t) => {
    t.is(compareDebianVersions(one, other), 0)
    t.is(compareDebianVersions(other, one), 0)
  })
}

test('a version is split at its first colon and its last hyphen', (t) => {
  t.deepEqual(parseDebianVersion('1:2.4:7-3-1+b1'), { epoch: 1, upstream: '2.4:7-3', revision: '1+b1' })
  t.deepEqual(parseDebianVersion('2.4'), { epoch: 0, upstream: '2.4', revision: '' })
})

const wishes: readonly (readonly [wanted: string, installed: string, satisfied: boolean])[] = [
  ['6.0.850', '6.0.850', true],
  ['6.0.850', '6.0.850-3', true],
  ['6.0.850', '1:6.0.850-3+b2', true],
  ['1:2.4-1+b1', '1:2.4-1+b1', true],
  ['1:2.4-1', '1:2.4-1+b1', false],
  ['6.0.850', '6.0.850+dfsg1-3', false],
  ['6.0.85', '6.0.850-3', false],
  ['6.0.850-1', '6.0.850-2', false],
  ['2:6.0.850', '1:6.0.850-3', false],
  ['24.10', '24.1-1', false],
]

for (const [wanted, installed, satisfied] of wishes) {
  test(`${installed} ${satisfied ? 'is' : 'is not'} what a spec with ${wanted} asks for`, (t) => {
    t.is(versionSatisfies(wanted, installed), satisfied)
  })
}

test('an epoch does not turn an upgrade to an upstream version into a downgrade', (t) => {
  t.true(compareWantedVersion('2.4', '1:2.0-1') > 0)
  t.true(compareWantedVersion('2.4', '1:3.0-1') < 0)
  t.true(compareWantedVersion('2.4-1', '1:2.0-1') < 0)
})
