import { readFileSync } from 'node:fs';
import { ENDPOINTS } from '@ads/contract';
import type { AdsCommand } from './ads-options.js';
import { type Api, printList, request } from './request.js';

const ADS = ENDPOINTS.ads.path;

interface ImportReport {
  readonly rejected: number;
  readonly results: readonly object[];
}

/**
 * @param print prints a line
 * @returns false if a line of an import was rejected
 * @throws RequestFailed
 */
export async function runAdsCommand(command: AdsCommand, api: Api, print: (line: string) => void): Promise<boolean> {
  switch (command.name) {
    case 'list':
      await printList(api, { path: ADS, query: command.filter, field: 'ads' }, print);
      return true;
    case 'add':
      print(JSON.stringify(await request(api, 'POST', ADS, 'application/json', JSON.stringify(command.ad))));
      return true;
    case 'import': {
      const path = `${ENDPOINTS.importAds.path}?mode=${encodeURIComponent(command.mode)}`;
      const text = readFileSync(command.file);
      const { rejected, results } = await request<ImportReport>(api, 'POST', path, command.type, text);
      for (const result of results) print(JSON.stringify(result));
      return rejected === 0;
    }
    case 'archive':
      for (const id of command.ids) {
        print(JSON.stringify(await request(api, 'DELETE', `${ADS}/${encodeURIComponent(id)}`)));
      }
      return true;
  }
}
