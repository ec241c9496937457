import { becomesLyceesPc } from './bare-pc.ts'

becomesLyceesPc({ firmware: 'bios', bus: 'virtio', netboot: 'dhcp' })
becomesLyceesPc({ firmware: 'secure-boot', bus: 'virtio', netboot: 'proxy' })
