import test from 'ava'
import { parseBitrate } from '../../specs/bitrate.ts'
import { formatDuration, parseDuration } from '../../specs/duration.ts'
import { parsePercent } from '../../specs/percent.ts'
import { formatSize, parseSize } from '../../specs/size.ts'

test('durations carry their units, larger ones first', (t) => {
  t.is(parseDuration('90s'), 90_000)
  t.is(parseDuration('1h30m'), 5_400_000)
  t.is(parseDuration('2d'), 172_800_000)
  t.is(parseDuration('250ms'), 250)
  for (const wrong of ['', '20', '30m1h', '-5m', '0s', '1.5h', '20 m', '9999999999h'])
    t.is(parseDuration(wrong), undefined, wrong)
})

test('durations are told in two units of the reader’s language', (t) => {
  t.is(formatDuration(187_500_000, 'en'), '2 d 4 h')
  t.is(formatDuration(187_500_000, 'fr'), '2 j 4 h')
  t.is(formatDuration(330_000, 'fr'), '5 min 30 s')
  t.is(formatDuration(3_600_000, 'en'), '1 h')
  t.is(formatDuration(250, 'en'), '250 ms')
})

test('sizes tell powers of two from powers of ten', (t) => {
  t.is(parseSize('1GiB'), 1_073_741_824)
  t.is(parseSize('1GB'), 1_000_000_000)
  t.is(parseSize('1.5kB'), 1500)
  for (const wrong of ['40', '40G', '40Go', '0B', '-1GiB', '99999999TiB'])
    t.is(parseSize(wrong), undefined, wrong)
  t.is(formatSize(32_000_000_000, 'en'), '29.8 GiB')
  t.is(formatSize(32_000_000_000, 'fr'), '29,8 Gio')
})

test('bit rates and percentages need their signs', (t) => {
  t.is(parseBitrate('100Mbit/s'), 100_000_000)
  t.is(parseBitrate('1 Gbit/s'), 1_000_000_000)
  for (const wrong of ['100', '100Mbps', '100MB/s', '0bit/s']) t.is(parseBitrate(wrong), undefined, wrong)
  t.is(parsePercent('2%'), 0.02)
  t.is(parsePercent('0.5 %'), 0.005)
  for (const wrong of ['2', '101%', '-1%']) t.is(parsePercent(wrong), undefined, wrong)
})
