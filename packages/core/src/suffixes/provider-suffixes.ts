/**
 * Domains in which a provider names the search clusters of many customers, at varying depth, so that two names in one
 * have different owners. The public suffix list has some of them, but not all, and not at every depth.
 */
export const providerSuffixes: readonly string[] = [
  // Amazon OpenSearch Service and Serverless (es., aoss., *.on.aws), and load balancers
  "amazonaws.com",
  "amazonaws.com.cn",
  "api.aws",
  "on.aws",
  // Elastic Cloud
  "cloud.es.io",
  "elastic-cloud.com",
  "elastic.cloud",
  "elastic.co",
  "found.io",
  "found.no",
  // Aiven
  "aivencloud.com",
  // Bonsai
  "bonsai.io",
  "bonsaisearch.net",
  // Alibaba Cloud
  "aliyuncs.com",
  // DigitalOcean
  "ondigitalocean.com",
  // Microsoft Azure
  "azure.com",
  // Huawei Cloud
  "myhuaweicloud.com",
  // IBM Cloud and Compose
  "appdomain.cloud",
  "composedb.com",
  "compose.direct",
  // Instaclustr
  "cnodes.io",
  "instaclustr.com",
  // Oracle Cloud
  "oraclecloud.com",
  // OVHcloud
  "ovh.net",
  // Scaleway
  "scw.cloud",
  // ObjectRocket, Qbox, Searchly, Stackhero
  "objectrocket.com",
  "qbox.io",
  "searchly.com",
  "stackhero-network.com",
  // Tencent Cloud
  "tencentelasticsearch.com",
  // Yandex Cloud
  "yandexcloud.net",
];
