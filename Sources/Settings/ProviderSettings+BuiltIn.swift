// The providers that come with the program: their texts, one file each under BuiltIn.

extension ProviderSettings {
  /// Names of the built-in providers, sorted.
  package static let builtInNames = texts.keys.sorted()

  /// The definition of a built-in provider as YAML, in the words of `providers.NAME`.
  package static func builtInText(_ name: String) -> String? {
    texts[name].map { String(decoding: $0(), as: UTF8.self) }
  }

  /// Nil when no built-in provider has this name.
  package static func builtIn(
    _ name: String
  ) throws(ConfigurationError) -> ProviderSettings? {
    guard let text = builtInText(name) else { return nil }
    return try parse(name: name, text: text)
  }

  private static let texts: [String: @Sendable () -> [UInt8]] = [
    "adyen": { PackageResources.adyen_yaml },
    "adyen-platform": { PackageResources.adyen_platform_yaml },
    "aws-sns": { PackageResources.aws_sns_yaml },
    "calendly": { PackageResources.calendly_yaml },
    "dataverse": { PackageResources.dataverse_yaml },
    "docusign": { PackageResources.docusign_yaml },
    "github": { PackageResources.github_yaml },
    "hubspot": { PackageResources.hubspot_yaml },
    "intercom": { PackageResources.intercom_yaml },
    "linear": { PackageResources.linear_yaml },
    "mailchimp": { PackageResources.mailchimp_yaml },
    "meta": { PackageResources.meta_yaml },
    "msgraph": { PackageResources.msgraph_yaml },
    "openai": { PackageResources.openai_yaml },
    "paypal": { PackageResources.paypal_yaml },
    "pipedrive": { PackageResources.pipedrive_yaml },
    "quickbooks": { PackageResources.quickbooks_yaml },
    "salesforce": { PackageResources.salesforce_yaml },
    "sendgrid": { PackageResources.sendgrid_yaml },
    "shopify": { PackageResources.shopify_yaml },
    "slack": { PackageResources.slack_yaml },
    "square": { PackageResources.square_yaml },
    "standard-webhooks": { PackageResources.standard_webhooks_yaml },
    "stripe": { PackageResources.stripe_yaml },
    "sugarcrm": { PackageResources.sugarcrm_yaml },
    "svix": { PackageResources.svix_yaml },
    "twilio": { PackageResources.twilio_yaml },
    "typeform": { PackageResources.typeform_yaml },
    "woocommerce": { PackageResources.woocommerce_yaml },
    "xero": { PackageResources.xero_yaml },
    "zendesk": { PackageResources.zendesk_yaml },
    "zoho": { PackageResources.zoho_yaml },
  ]
}
