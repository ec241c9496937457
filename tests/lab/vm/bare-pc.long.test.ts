import { becomesLyceesPc } from './bare-pc.ts'

becomesLyceesPc({ firmware: 'uefi', bus: 'nvme', netboot: 'dhcp' })
