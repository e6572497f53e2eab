//! The network.

use crate::demand::Demand::{Holds, Is, Not, Set};
use crate::demand::{Row, none, row};

/// The rows.
pub const ROWS: &[Row] = &[
    row("AWS::EC2::VPC", "Properties.EnableDnsSupport", Is("true"), "164.312(e)(1)"),
    row("AWS::EC2::VPC", "Properties.EnableDnsHostnames", Is("true"), "164.312(e)(1)"),
    row("AWS::EC2::Subnet", "Properties.MapPublicIpOnLaunch", Not("true"), "164.312(a)(1)"),
    row("AWS::EC2::SecurityGroup", "Properties.GroupDescription", Set, "164.308(a)(4)(ii)(C)"),
    row("AWS::EC2::SecurityGroup", "Properties.VpcId", Set, "164.312(e)(1)"),
    row("AWS::EC2::SecurityGroup", "Properties.SecurityGroupIngress[].CidrIp", Not("0.0.0.0/0"), "164.312(e)(1)"),
    row("AWS::EC2::SecurityGroup", "Properties.SecurityGroupEgress[].IpProtocol", Not("-1"), "164.312(e)(1)"),
    row("AWS::EC2::SecurityGroupIngress", "Properties.CidrIp", Not("0.0.0.0/0"), "164.312(e)(1)"),
    row("AWS::EC2::SecurityGroupIngress", "Properties.IpProtocol", Is("tcp"), "164.312(e)(1)"),
    row("AWS::EC2::SecurityGroupIngress", "Properties.Description", Set, "164.308(a)(4)(ii)(C)"),
    row("AWS::EC2::SecurityGroupEgress", "Properties.IpProtocol", Is("tcp"), "164.312(e)(1)"),
    row("AWS::EC2::SecurityGroupEgress", "Properties.Description", Set, "164.308(a)(4)(ii)(C)"),
    row("AWS::EC2::VPCEndpoint", "Properties.PolicyDocument.Statement", Set, "164.308(a)(4)(ii)(B)"),
    row("AWS::EC2::FlowLog", "Properties.TrafficType", Is("ALL"), "164.312(b)"),
    row("AWS::EC2::FlowLog", "Properties.LogDestinationType", Is("cloud-watch-logs"), "164.312(b)").when_set(),
    none("AWS::EC2::RouteTable", "its routes are judged by themselves"),
    none("AWS::EC2::SubnetRouteTableAssociation", "which routes a subnet has"),
    none("AWS::EC2::Route", "the way to the firewall, where there is one"),
    none("AWS::EC2::InternetGateway", "only the stack of the way out makes one, behind the firewall or NAT"),
    none("AWS::EC2::VPCGatewayAttachment", "which network the gateway belongs to"),
    none("AWS::EC2::GatewayRouteTableAssociation", "the way back through the firewall"),
    none("AWS::EC2::EIP", "the address that the way out has"),
    none("AWS::EC2::NatGateway", "it lets nobody in"),
    row("AWS::NetworkFirewall::Firewall", "Properties.DeleteProtection", Is("true"), "164.312(e)(1)"),
    row("AWS::NetworkFirewall::Firewall", "Properties.SubnetChangeProtection", Is("true"), "164.312(e)(1)"),
    row(
        "AWS::NetworkFirewall::FirewallPolicy",
        "Properties.FirewallPolicy.StatefulEngineOptions.RuleOrder",
        Is("STRICT_ORDER"),
        "164.312(e)(1)",
    ),
    row(
        "AWS::NetworkFirewall::FirewallPolicy",
        "Properties.FirewallPolicy.StatelessDefaultActions",
        Is(r#"["aws:forward_to_sfe"]"#),
        "164.312(e)(1)",
    ),
    row("AWS::NetworkFirewall::RuleGroup", "Properties.Type", Is("STATEFUL"), "164.312(e)(1)"),
    row(
        "AWS::NetworkFirewall::LoggingConfiguration",
        "Properties.LoggingConfiguration.LogDestinationConfigs",
        Set,
        "164.312(b)",
    ),
    row("AWS::Route53Resolver::FirewallDomainList", "Properties.Domains", Set, "164.312(e)(1)"),
    row("AWS::Route53Resolver::FirewallRuleGroup", "Properties.FirewallRules", Holds("BLOCK"), "164.312(e)(1)"),
    row("AWS::Route53Resolver::FirewallRuleGroupAssociation", "Properties.VpcId", Set, "164.312(e)(1)"),
    row("AWS::Route53Resolver::ResolverQueryLoggingConfig", "Properties.DestinationArn", Set, "164.312(b)"),
    row("AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation", "Properties.ResourceId", Set, "164.312(b)"),
];
