import test from 'ava'
import { chooseLocale, languageOption } from '../../cli/locale.ts'

test('--lang goes before everything else', (t) => {
  t.is(chooseLocale('fr', { PROVISEUR_LOCALE: 'en', LC_ALL: 'en_GB.UTF-8' }), 'fr')
})

test('PROVISEUR_LOCALE goes before the system’s settings', (t) => {
  t.is(chooseLocale(undefined, { PROVISEUR_LOCALE: 'fr', LC_ALL: 'C' }), 'fr')
})

test('the system’s settings count in the order of POSIX', (t) => {
  t.is(chooseLocale(undefined, { LC_ALL: 'fr_FR.UTF-8', LC_MESSAGES: 'en_GB', LANG: 'en_GB' }), 'fr')
  t.is(chooseLocale(undefined, { LC_MESSAGES: 'fr_BE', LANG: 'en_GB' }), 'fr')
  t.is(chooseLocale(undefined, { LANG: 'fr_CA.UTF-8' }), 'fr')
  t.is(chooseLocale(undefined, { LC_ALL: 'C', LANG: 'fr_FR.UTF-8' }), 'en')
})

test('an empty variable is one that is not set', (t) => {
  t.is(chooseLocale(undefined, { LC_ALL: '', LANG: 'fr_FR.UTF-8' }), 'fr')
})

test('any other language, or none, means English', (t) => {
  t.is(chooseLocale(undefined, {}), 'en')
  t.is(chooseLocale(undefined, { LANG: 'de_DE.UTF-8' }), 'en')
  t.is(chooseLocale(undefined, { LANG: 'frisian' }), 'en')
})

test('--lang is found wherever it stands, but not after --', (t) => {
  t.is(languageOption(['check', '--lang', 'fr']), 'fr')
  t.is(languageOption(['--lang=fr', 'check']), 'fr')
  t.is(languageOption(['check', '--', '--lang', 'fr']), undefined)
})
