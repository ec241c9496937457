import type { Forecast, LyceeForecast, WaveForecast } from '../../reconciler/model/forecast.ts'
import { iso } from './instant.ts'

/** Stable: fields are only ever added. A wave without a number is what drifted, and is part of no wave. */
export const forecastJson = ({ waves, end, ...rest }: Forecast) => ({
  ...rest,
  ...(end === undefined ? {} : { end: iso(end) }),
  waves: waves.map(waveJson),
})

const waveJson = ({ opensAt, metAt, from, to, lycees, ...rest }: WaveForecast) => ({
  ...rest,
  opensAt: iso(opensAt),
  ...(metAt === undefined ? {} : { metAt: iso(metAt) }),
  ...spanJson({ from, to }),
  lycees: lycees.map(lyceeJson),
})

const lyceeJson = ({ from, to, ...rest }: LyceeForecast) => ({ ...rest, ...spanJson({ from, to }) })

const spanJson = ({ from, to }: { from: number | undefined; to: number | undefined }) => ({
  ...(from === undefined ? {} : { from: iso(from) }),
  ...(to === undefined ? {} : { to: iso(to) }),
})
