//! What `ward secrets --help` teaches.

/// About the command.
pub const ABOUT: &str = "\
Give the secrets of a deployed stack their values, and see which have one.

The template makes them in AWS Secrets Manager without a value, so that none stands in a template, a parameter or a log.
They are named <app>/<env>/..., such as ward/prod/chat/model-key. No value is ever shown, taken as an argument or logged.

It runs on your own machine, with credentials for AWS that may secretsmanager:DescribeSecret, ListSecretVersionIds and
PutSecretValue on those names, and kms:GenerateDataKey and kms:Decrypt with the stack's key of secrets. Those of a single
sign-on come by: eval \"$(aws configure export-credentials --format env)\"";

/// How it is used.
pub const EXAMPLES: &str = "\
Examples:
  ward secrets init --env prod
      After the first deployment: makes what can be made, asks for the rest

  ward secrets status --env prod
      Which have a value, and since when";

pub(super) const INIT_ABOUT: &str = "\
Give the secrets of a deployed stack their values, one after the other:

  auth/token-keys        the keys that sign access tokens; made here
  health/metrics-token   what opens /metrics; made here
  chat/model-key         the key of the model provider; asked
  auth/smtp-url, auth/github, auth/twilio, auth/africastalking
                         asked, where the stack has them

It asks before it stores anything, shows nothing of what is typed, and leaves alone what has a value unless --replace names
it. Functions that run already take a new value when they start anew, the token keys within five minutes. Token keys are
better rotated than replaced (`ward token-key --help`): for five minutes not every function knows a key that is there alone.";

pub(super) const INIT_EXAMPLES: &str = "\
Examples:
  ward secrets init --env prod
      All that have no value yet

  ward secrets init --env prod --only chat/model-key --replace chat/model-key
      Another key of the model provider

  pass show ward/prod | ward secrets init --env prod --from-stdin
      Without a terminal: lines of NAME=VALUE, such as chat/model-key=sk-...";
