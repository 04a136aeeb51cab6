import Joi from 'joi';
import type { Variables } from './config.js';

/** The age up to which events are accepted. Every service that reads it must have the same value. */
export interface EventAgeConfig {
  readonly MAX_EVENT_AGE_DAYS?: number;
}

const days = Joi.number().integer().min(1).max(36_500);

export const eventAgeVariables: Variables<EventAgeConfig> = {
  MAX_EVENT_AGE_DAYS: days.description(
    'Greatest age of an event by its `timestamp`, when it is received; an older one is refused with 400 `event_too_old`. Unset: any age.',
  ),
};
