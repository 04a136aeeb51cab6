import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@ads/local';
import { expect, it } from '@jest/globals';
import { generatedFiles } from '../src/files.js';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

it.each([...generatedFiles()])('%s equals the output of `npm run generate`', (path, text) => {
  expect(read(path)).toBe(text);
});

it('each panel has a description and a unique title', () => {
  for (const [path, text] of generatedFiles()) {
    if (!path.endsWith('.json')) continue;
    const panels: { type: string; title: string; description?: string }[] = JSON.parse(text).panels;
    expect(panels.filter(({ type, title, description }) => type !== 'row' && !(title && description))).toEqual([]);
    const titles = panels.map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  }
});

it('each alert has a paragraph in the runbook, and each paragraph an alert', () => {
  const rules = [...generatedFiles()].find(([path]) => path.endsWith('rules.yaml'))?.[1] ?? '';
  const alerts = [...rules.matchAll(/^ +- alert: (\w+)$/gm)].map(([, alert]) => alert ?? '');
  const links = [...rules.matchAll(/^ +runbook_url: (\S+)$/gm)].map(([, link]) => link);
  expect(links).toEqual(alerts.map((alert) => `infra/monitoring/RUNBOOK.md#${alert.toLowerCase()}`));
  const paragraphs = [...read('infra/monitoring/RUNBOOK.md').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(paragraphs.sort()).toEqual(alerts.sort());
});
