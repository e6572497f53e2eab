//! The API, its names, the page, and the firewall before both.

use crate::demand::Demand::{AtLeast, Begins, Holds, Is, Not, OneOf, Set, Unset};
use crate::demand::{Row, none, row};

/// The rows.
pub const ROWS: &[Row] = &[
    row("AWS::ApiGateway::RestApi", "Properties.EndpointConfiguration.Types", Is(r#"["REGIONAL"]"#), "164.312(e)(1)"),
    row("AWS::ApiGateway::RestApi", "Properties.Body.x-amazon-apigateway-gateway-responses", Set, "164.312(a)(1)"),
    row("AWS::ApiGateway::Stage", "Properties.AccessLogSetting.DestinationArn", Begins("arn:aws:"), "164.312(b)"),
    row("AWS::ApiGateway::Stage", "Properties.AccessLogSetting.Format", Holds("requestId"), "164.312(b)"),
    row("AWS::ApiGateway::Stage", "Properties.TracingEnabled", Is("true"), "164.312(b)"),
    row("AWS::ApiGateway::Stage", "Properties.MethodSettings[].ThrottlingRateLimit", Set, "164.308(a)(7)(i)"),
    // It would write bodies, PHI with them, into the log.
    row("AWS::ApiGateway::Stage", "Properties.MethodSettings[].DataTraceEnabled", Is("false"), "164.312(a)(1)"),
    row("AWS::ApiGateway::Stage", "Properties.CacheClusterEnabled", Not("true"), "164.312(a)(1)"),
    none("AWS::ApiGateway::Deployment", "a copy of the API for its stage"),
    none("AWS::ApiGateway::Account", "which role API Gateway writes its logs by"),
    row("AWS::ApiGateway::DomainName", "Properties.SecurityPolicy", Holds("TLS13"), "164.312(e)(1)"),
    row(
        "AWS::ApiGateway::DomainName",
        "Properties.EndpointConfiguration.Types",
        Is(r#"["REGIONAL"]"#),
        "164.312(e)(1)",
    ),
    none("AWS::ApiGateway::BasePathMapping", "which API a name leads to"),
    row("AWS::WAFv2::WebACL", "Properties.VisibilityConfig.CloudWatchMetricsEnabled", Is("true"), "164.312(b)"),
    row("AWS::WAFv2::WebACL", "Properties.Rules", Holds("AWSManagedRulesCommonRuleSet"), "164.308(a)(5)(ii)(B)"),
    row("AWS::WAFv2::WebACL", "Properties.Rules", Holds("RateBasedStatement"), "164.308(a)(5)(ii)(C)"),
    // A bot that counts only watches.
    row("AWS::WAFv2::WebACL", "Properties.Rules[].OverrideAction.Count", Unset, "164.308(a)(5)(ii)(B)"),
    row("AWS::WAFv2::WebACLAssociation", "Properties.WebACLArn", Begins("arn:aws:wafv2:"), "164.308(a)(5)(ii)(B)"),
    row("AWS::WAFv2::LoggingConfiguration", "Properties.LogDestinationConfigs", Set, "164.312(b)"),
    row("AWS::WAFv2::LoggingConfiguration", "Properties.RedactedFields", Holds("authorization"), "164.312(a)(1)"),
    row(
        "AWS::CloudFront::Distribution",
        "Properties.DistributionConfig.ViewerCertificate.MinimumProtocolVersion",
        Begins("TLSv1."),
        "164.312(e)(1)",
    ),
    row(
        "AWS::CloudFront::Distribution",
        "Properties.DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy",
        OneOf(&["redirect-to-https", "https-only"]),
        "164.312(e)(1)",
    ),
    row(
        "AWS::CloudFront::Distribution",
        "Properties.DistributionConfig.DefaultCacheBehavior.ResponseHeadersPolicyId",
        Set,
        "164.312(e)(1)",
    ),
    row(
        "AWS::CloudFront::Distribution",
        "Properties.DistributionConfig.Origins[].OriginAccessControlId",
        Set,
        "164.312(a)(1)",
    ),
    row("AWS::CloudFront::Distribution", "Properties.DistributionConfig.WebACLId", Set, "164.308(a)(5)(ii)(B)"),
    row(
        "AWS::CloudFront::OriginAccessControl",
        "Properties.OriginAccessControlConfig.SigningBehavior",
        Is("always"),
        "164.312(d)",
    ),
    row(
        "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec",
        AtLeast(31_536_000),
        "164.312(e)(1)",
    ),
    row(
        "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy",
        Holds("frame-ancestors 'none'"),
        "164.312(a)(1)",
    ),
    none("AWS::CloudFront::Function", "how a path is written"),
    none("AWS::CloudFront::CachePolicy", "how long a file of the page is kept"),
    none("AWS::Route53::RecordSet", "a name, which everybody may know"),
    none("AWS::Route53::RecordSetGroup", "names, which everybody may know"),
];
