import {
  DIAGNOSTIC_LEVELS,
  DIAGNOSTIC_NAMES,
  DIAGNOSTICS,
  type DiagnosticName,
  INVALID_VERDICTS,
  LEAST_FOR_LEVEL,
} from '@ads/models';
import Joi from 'joi';

const count = Joi.number().integer().min(0).required();
const time = Joi.string().isoDate().required();

function diagnostic(name: DiagnosticName) {
  const { description, notice, warning } = DIAGNOSTICS[name];
  const limits = `\`notice\` above ${notice}${warning === undefined ? '' : `, \`warning\` above ${warning}`}.`;
  return Joi.object({
    value: count.description('The measured number.'),
    of: count.description('The number with which `value` is compared.'),
    share: Joi.number().min(0).allow(null).required().description('`value` divided by `of`; null if `of` is 0.'),
    level: Joi.string()
      .valid(...DIAGNOSTIC_LEVELS)
      .required()
      .description(
        `The level of \`share\`: ${limits} \`ok\` while both \`value\` and \`of\` are below ${LEAST_FOR_LEVEL}.`,
      ),
    message: Joi.string().required().description('The usual cause of a high share, and what to do.'),
  })
    .required()
    .description(description);
}

/** `GET /api/v1/ads/analytics/quality` */
export const qualityResponse = Joi.object({
  ad_id: Joi.string().required().description('Id of the ad.'),
  from: time.description('Start of the range.'),
  to: time.description('End of the range, not included.'),
  counts: Joi.object({
    gross_clicks: count.description('All clicks: the sum of `clicks` and `invalid_clicks`.'),
    clicks: count.description('Valid clicks.'),
    invalid_clicks: count.description('Clicks whose verdict is not `valid`.'),
    gross_impressions: count.description('All impressions: the sum of `impressions` and `invalid_impressions`.'),
    impressions: count.description('Valid impressions.'),
    invalid_impressions: count.description('Impressions whose verdict is not `valid`.'),
    verdicts: Joi.array()
      .items(
        Joi.object({
          verdict: Joi.string()
            .valid(...INVALID_VERDICTS)
            .required()
            .description('Why the events are invalid.'),
          clicks: count.description('Clicks with the verdict.'),
          impressions: count.description('Impressions with the verdict.'),
        }),
      )
      .required()
      .description('Invalid clicks and impressions by verdict, without the verdicts that no event has.'),
  })
    .required()
    .description('The counts of the report of the same range.'),
  sample: Joi.object({
    from: time.description('Start of the time whose events were read; `from` of the range if `is_complete`.'),
    is_complete: Joi.boolean()
      .required()
      .description(
        'False if the range has more than `QUALITY_MAX_EVENTS` events of all ads. The newest of them were read.',
      ),
    sessions_from: time.description(
      'Sessions are judged from here on. The time before, 15 minutes or half of what was read, only supplies their earlier events.',
    ),
    events: count.description('Valid events of the ad that were read.'),
    clicks: count.description('Valid clicks that were read.'),
    impressions: count.description('Valid impressions that were read.'),
  })
    .required()
    .description(
      'The stored events that all diagnostics are made from, except `invalid_clicks`, `invalid_impressions`, `ctr` and `reused_sessions`. They are found by the time in their ids (UUIDv7, or derived from a session), so events with other ids are counted but not read.',
    ),
  diagnostics: Joi.object(Object.fromEntries(DIAGNOSTIC_NAMES.map((name) => [name, diagnostic(name)])))
    .required()
    .description(
      'The diagnostics by name. All count valid events, except `invalid_clicks`, `invalid_impressions` and `reused_sessions`.',
    ),
});
