"use client";

import type { Schemas } from "@/api/client";
import { useMessages } from "@/lib/i18n";
import { historyMessages } from "@/messages/history";
import { ACTIONS, isOneOf, RESOURCES } from "./values";

/** A change in words: `admin changed the model gpt-4o`. */
export function useSentence(): (revision: Schemas["Revision"]) => string {
  const t = useMessages(historyMessages);
  return ({ actor_name, action, resource, resource_name }) => {
    const what = isOneOf(RESOURCES, resource) ? t[resource](resource_name) : `${resource} ${resource_name}`;
    const done = isOneOf(ACTIONS, action) ? t[action] : action;
    return t.says(actor_name, done, what);
  };
}
