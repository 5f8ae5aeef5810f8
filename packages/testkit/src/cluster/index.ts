export { calmMetadataPlan, type MetadataPlan } from './flaky-metadata.ts';
export { holders, memberOf, putContent, wantedBlob } from './one-object.ts';
export {
  type ClusterMember,
  createSeededCluster,
  type SeededCluster,
  type SeededClusterOptions,
  type SimulatedGateway,
} from './seeded-cluster.ts';
