import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { withRange } from '../../../imager/agent/disk-range.ts'
import { done } from '../../../imager/agent/result.ts'
import { blank } from './golden-disk.ts'
import { mebibyte } from './run.ts'

test.serial(
  'A disk that is gone is unreadable; a kernel without loop devices says nothing about the disk',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'range-'))
    t.teardown(() => rm(folder, { recursive: true }))
    const device = await blank(join(folder, 'disk.img'), 4 * mebibyte)
    const range = { device, offsetBytes: mebibyte, sizeBytes: mebibyte }
    const use = async () => done('used')
    t.deepEqual(await withRange(range, use), { ok: true, value: 'used' })
    t.like(await withRange({ ...range, device: join(folder, 'pulled') }, use), { reason: 'disk-unreadable' })

    const losetup = join(folder, 'losetup')
    await writeFile(losetup, '#!/bin/sh\necho "cannot find an unused loop device" >&2\nexit 1\n')
    await chmod(losetup, 0o755)
    const path = process.env['PATH'] ?? ''
    t.teardown(() => {
      process.env['PATH'] = path
    })
    process.env['PATH'] = `${folder}:${path}`
    const refused = await withRange(range, use)
    t.like(refused, { ok: false, reason: 'loop-device-failed' })
    t.regex(refused.ok ? '' : refused.detail, /unused loop device/)
  },
)
