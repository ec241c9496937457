/** Where a site server fetches images from: another Proviseur's address, or any web server that has an image store under `/store/`. */
import { createHttpSource, type HttpSource } from '../../imaging/http-source.ts'
import { createBandwidth, unlimited } from '../../providers/imaging/bandwidth.ts'
import type { Clock } from '../../reconciler/ports.ts'
import { parseBitrate } from '../../specs/bitrate.ts'
import { say } from '../../specs/text.ts'
import type { Given } from '../given.ts'
import { ok, type Result, refuse } from '../result.ts'

/** The address that an option gives, without a slash at its end. Undefined: it was not given. */
export const readOrigin = (given: Given, option: string): Result<string | undefined> => {
  const word = given.value(option)
  if (word === undefined) return ok(undefined)
  const url = URL.canParse(word) ? new URL(word) : undefined
  const plain = url !== undefined && url.search === '' && url.hash === '' && url.username === ''
  if (plain && (url.protocol === 'http:' || url.protocol === 'https:'))
    return ok(url.href.replace(/\/+$/u, ''))
  return refuse(
    'wrong-origin',
    say(
      `--${option} takes the address of a server, such as http://hub.example.org:8080, not “${word}”.`,
      `--${option} attend l’adresse d’un serveur, par exemple http://hub.example.org:8080, et non «\u00a0${word}\u00a0».`,
    ),
  )
}

/** Bits a second of `--bandwidth`. Undefined: not limited. */
export const readBandwidth = (given: Given): Result<number | undefined> => {
  const word = given.value('bandwidth')
  if (word === undefined) return ok(undefined)
  const bits = parseBitrate(word)
  return bits === undefined
    ? refuse(
        'wrong-bandwidth',
        say(
          `--bandwidth takes a bit rate such as 20Mbit/s, not “${word}”.`,
          `--bandwidth attend un débit comme 20Mbit/s, et non «\u00a0${word}\u00a0».`,
        ),
      )
    : ok(bits)
}

export const openOrigin = (clock: Clock, baseUrl: string, bitsPerSecond: number | undefined): HttpSource => {
  const bandwidth = bitsPerSecond === undefined ? unlimited : createBandwidth(clock, bitsPerSecond / 8)
  return createHttpSource({ baseUrl, onBytes: (bytes, signal) => bandwidth.take(bytes, signal) })
}
