import { becomesLyceesPc } from './bare-pc.ts'

becomesLyceesPc({ firmware: 'bios', bus: 'virtio', netboot: 'dhcp' })
