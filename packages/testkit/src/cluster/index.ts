export { calmMetadataPlan, type MetadataPlan } from './flaky-metadata.ts';
export {
  createSeededCluster,
  type SeededCluster,
  type SeededClusterOptions,
  type SimulatedGateway,
} from './seeded-cluster.ts';
