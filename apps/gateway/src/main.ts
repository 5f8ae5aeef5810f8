import { runGateway } from './index.ts';

process.exit(await runGateway(process.argv.slice(2)));
