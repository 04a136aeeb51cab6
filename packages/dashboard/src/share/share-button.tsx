import type { Share } from '@ads/models';
import { useState } from 'preact/hooks';
import { read, send, urlOf } from '../api/client.js';
import { apiKey } from '../api/key.js';
import { type ApiProblem, problemOf } from '../api/problem.js';
import { useReading } from '../api/use-reading.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { CopyText } from '../parts/copy.js';
import { Dialog } from '../parts/dialog.js';
import { ChoiceField, TextField } from '../parts/form-field.js';
import { Loaded } from '../parts/states.js';
import { hasShare, linkOf } from './share.js';

/** The subject of a share: an ad, or a campaign and perhaps its advertiser. */
export type Target = { readonly ad_id: string } | { readonly campaign: string; readonly advertiser?: string };

interface ShareButtonProps {
  /** Undefined if the view shows neither one ad nor one campaign. */
  readonly target: Target | undefined;
  /** The address of the view, which the link opens. */
  readonly address: string;
}

/** Makes links that open a view to people without a key. Shown to people with a key. */
export function ShareButton({ target, address }: ShareButtonProps) {
  const [isOpen, setIsOpen] = useState(false);
  if (apiKey.value === '' || hasShare.value) return null;
  return (
    <>
      <button type="button" class="button share-button" onClick={() => setIsOpen(true)}>
        Share
      </button>
      {isOpen && <ShareDialog target={target} address={address} onClose={() => setIsOpen(false)} />}
    </>
  );
}

type DialogProps = ShareButtonProps & { readonly onClose: () => void };

function ShareDialog({ target, address, onClose }: DialogProps) {
  if (target !== undefined) return <LinkDialog target={target} address={address} onClose={onClose} />;
  return (
    <Dialog isOpen title="Share" onClose={onClose} onSubmit={onClose}>
      <p>A link shares one ad or one campaign. Group the report by campaign, choose one, and share it then.</p>
      <div class="buttons">
        <button type="submit" class="button primary">
          Close
        </button>
      </div>
    </Dialog>
  );
}

const DAYS = [
  ['1', '1 day'],
  ['7', '7 days'],
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', '1 year'],
] as const;
const DAY_MS = 86_400_000;

function LinkDialog({ target, address, onClose }: DialogProps & { readonly target: Target }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState('30');
  const [link, setLink] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem>();
  const { advertiser: _, ...filter } = { advertiser: undefined, ...target };
  const shares = useReading(
    async (signal) => (await read<{ readonly shares: readonly Share[] }>('/shares', filter, signal)).shares,
    [filter],
  );
  const change = async (work: () => Promise<void>) => {
    try {
      setProblem(undefined);
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    }
    shares.reload();
  };
  const create = () =>
    change(async () => {
      const expires_at = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      const { body } = await send('POST', urlOf('/shares'), { name, ...target, expires_at });
      setLink(linkOf(address, (body as { readonly secret: string }).secret));
      setName('');
    });
  const revoke = (id: string) =>
    change(async () => {
      await send('DELETE', urlOf(`/shares/${id}`));
      setLink(undefined);
    });
  return (
    <Dialog isOpen title="Share these numbers" onClose={onClose} onSubmit={() => void create()}>
      <p>
        Whoever has the link sees the numbers of <bdi>{labelOf(target)}</bdi> in every range, and the names, state and
        dates of {'ad_id' in target ? 'this ad' : 'its ads'}. It opens nothing else.
      </p>
      <TextField label="Who gets the link" name="name" value={name} onInput={setName} isRequired />
      <ChoiceField label="The link ends after" name="expires_at" value={days} onInput={setDays} options={DAYS} />
      <div role="alert">{problem !== undefined && <p class="field-error">{problem.message}</p>}</div>
      <div role="status">
        {link !== undefined && (
          <div class="new-link">
            <p>Copy the link now. It is not shown again.</p>
            <CopyText label="the link" text={link} />
          </div>
        )}
      </div>
      <div class="buttons">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        <button type="submit" class="button primary">
          Create link
        </button>
      </div>
      <Loaded reading={shares}>{(found) => <Shares shares={found} onRevoke={(id) => void revoke(id)} />}</Loaded>
    </Dialog>
  );
}

function Shares(props: { readonly shares: readonly Share[]; readonly onRevoke: (id: string) => void }) {
  const { shares, onRevoke } = props;
  if (shares.length === 0) return null;
  return (
    <section class="shares">
      <h3>Links that work</h3>
      <ul>
        {shares.map(({ id, name, expires_at, created_by }) => (
          <li key={id}>
            <span>
              <bdi>{name}</bdi>
              <span class="muted">
                until {formatTime(Date.parse(expires_at), 'stamp', BROWSER_ZONE)}, by <bdi>{created_by}</bdi>
              </span>
            </span>
            <button type="button" class="button" onClick={() => onRevoke(id)}>
              Revoke<span class="unseen"> the link of {name}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function labelOf(target: Target): string {
  return 'ad_id' in target ? `the ad ${target.ad_id}` : `the campaign ${target.campaign}`;
}
