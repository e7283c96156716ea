import { Type } from "typebox";
import { instant, named, oneOf } from "./schema-parts.ts";

/** A freeze of one holder. */
export const STANDING_FREEZE = Type.Object({
  holder: Type.String({ description: "who asked for it and how that is known" }),
  at: instant(),
  until: Type.Optional(instant("when it ends by itself; not there where its holder has to resume")),
  note: Type.Optional(Type.String()),
});

/** What people decided and are asked about a policy; each there only as long as it holds. */
export const OF_PEOPLE = {
  frozen: Type.Optional(
    Type.Object(
      {
        by: Type.String({ description: "who did it and how that is known" }),
        at: instant(),
        until: Type.Optional(instant("when it ends by itself; not there where somebody has to resume")),
        note: Type.Optional(Type.String()),
        freezes: Type.Array(STANDING_FREEZE, { description: "one a holder, the last end first" }),
      },
      {
        description:
          "the freeze that ends last, and all of them; nothing is rolled back automatically meanwhile, people can",
      },
    ),
  ),
  pendingApproval: Type.Optional(
    Type.Object(
      {
        decisionId: Type.String({ description: "what is approved or rejected" }),
        state: oneOf(["waiting", "approved"], "approved: something else stands in the way still"),
        by: Type.Optional(Type.String({ description: "who approved it" })),
        trigger: Type.String(),
        release: Type.Optional(Type.String()),
        from: Type.Optional(Type.Object(named)),
        to: Type.Optional(Type.Object(named)),
        askedAt: instant(),
        until: instant("no answer is taken after this"),
      },
      { description: "a rollback that a person has to agree to" },
    ),
  ),
};
